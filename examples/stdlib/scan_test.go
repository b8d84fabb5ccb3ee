package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The answer by other means, for the tests to compare with: the source read as
// lines of text, as gofmt lays them out, without go/ast; the words by regular
// expressions; one list of all declarations, each scored by the textbook
// formula. It shares no code with the index or the search.

// scanned is a declaration and its words.
type scanned struct {
	pkg, symbol, position string
	words                 []string
	score                 float64
}

var (
	funcLine   = regexp.MustCompile(`^func (?:\((?:\w+ )?\*?(\w+)(?:\[[^]]*\])?\) )?([A-Z]\w*)[(\[]`)
	singleLine = regexp.MustCompile(`^(?:type|const|var) (.*)$`)
	groupLine  = regexp.MustCompile(`^(?:type|const|var) \($`)
	namesLine  = regexp.MustCompile(`^(\w+(?:, \w+)*)(?:[ (\[=]|$)(.*)$`)
	bodyLine   = regexp.MustCompile(`^(\w+)(?:\[.*\])? (struct|interface) \{$`)
	directive  = regexp.MustCompile(`^//(?:line |extern |export |[a-z0-9]+:[a-z0-9])`)
	trailing   = regexp.MustCompile(`(?:^|\s)//.*$`)
)

// scanFile finds the exported declarations of a file by the shape of its lines.
func scanFile(pkg, name, text string) []*scanned {
	s := scanner{pkg: pkg, file: name}
	for line := range strings.Lines(text) {
		s.number++
		s.line(strings.TrimSuffix(line, "\n"))
	}
	return s.found
}

type scanner struct {
	pkg, file string
	number    int
	found     []*scanned
	doc       []string // the comment lines just above
	inGroup   bool     // within the ( ) of a declaration
	groupDoc  []string
	owner     string // the type within whose { } this is, or none
	ownerKind string
}

func (s *scanner) line(line string) {
	bare := strings.TrimLeft(line, "\t")
	if strings.HasPrefix(bare, "//") {
		if !directive.MatchString(bare) {
			s.doc = append(s.doc, bare[2:])
		}
		return
	}
	doc := s.doc
	s.doc = nil

	indent := 0 // of what is declared here
	if s.inGroup {
		indent++
	}
	if s.owner != "" {
		indent++
	}
	switch depth := len(line) - len(bare); {
	case s.owner != "" && depth == indent-1 && strings.HasPrefix(bare, "}"):
		s.owner = ""
	case line == ")":
		s.inGroup = false
	case depth != indent:
	case s.owner != "":
		s.member(bare, doc)
	case groupLine.MatchString(line):
		s.inGroup, s.groupDoc = true, doc
	case s.inGroup:
		if doc == nil && !trailing.MatchString(bare) {
			doc = s.groupDoc
		}
		s.spec(bare, doc)
	case singleLine.MatchString(line):
		s.spec(singleLine.FindStringSubmatch(line)[1], doc)
	default:
		s.function(line, doc)
	}
}

func (s *scanner) add(symbol string, texts ...string) {
	text := strings.Join(append(texts, symbol, symbol, symbol), "\n")
	s.found = append(s.found, &scanned{
		pkg: s.pkg, symbol: symbol,
		position: fmt.Sprintf("%s:%d", s.file, s.number),
		words:    scanWords(text),
	})
}

// member is a line of a struct or an interface.
func (s *scanner) member(line string, doc []string) {
	m := namesLine.FindStringSubmatch(line)
	if m == nil || !isUpper(s.owner) || strings.TrimSpace(trailing.ReplaceAllString(m[2], "")) == "" {
		return // an embedded type has nothing after its name
	}
	if isMethod := line[len(m[1])] == '('; isMethod != (s.ownerKind == "interface") {
		return
	}
	for name := range strings.SplitSeq(m[1], ", ") {
		if isUpper(name) {
			s.add(s.owner+"."+name, append(doc, trailing.FindString(line))...)
		}
	}
}

// spec is what follows const, var or type, alone or in a group.
func (s *scanner) spec(line string, doc []string) {
	m := namesLine.FindStringSubmatch(line)
	if m == nil {
		return
	}
	for name := range strings.SplitSeq(m[1], ", ") {
		if isUpper(name) {
			s.add(name, append(doc, trailing.FindString(line))...)
		}
	}
	if body := bodyLine.FindStringSubmatch(line); body != nil {
		s.owner, s.ownerKind = body[1], body[2]
	}
}

func (s *scanner) function(line string, doc []string) {
	switch m := funcLine.FindStringSubmatch(line); {
	case m == nil:
	case m[1] == "":
		s.add(m[2], doc...)
	case isUpper(m[1]):
		s.add(m[1]+"."+m[2], doc...)
	}
}

func isUpper(name string) bool { return name[0] >= 'A' && name[0] <= 'Z' }

var (
	hump    = regexp.MustCompile(`([\p{Ll}\p{N}])(\p{Lu})`)
	plural  = regexp.MustCompile(`(\p{Lu}{2})s\b`)
	acronym = regexp.MustCompile(`(\p{Lu})(\p{Lu}\p{Ll})`)
	word    = regexp.MustCompile(`[\p{L}\p{N}]+`)
)

func scanWords(text string) []string {
	text = hump.ReplaceAllString(strings.ReplaceAll(text, "_", " "), "$1 $2")
	text = plural.ReplaceAllString(text, "$1")
	text = acronym.ReplaceAllString(text, "$1 $2")
	words := word.FindAllString(strings.ToLower(text), -1)
	for i, w := range words {
		if len(w) > 3 && w[len(w)-1] == 's' && w[len(w)-2] != 's' {
			words[i] = w[:len(w)-1]
		}
	}
	return words
}

// scan returns the declarations of the example's packages, read once for all
// tests. Their scores are 0.
func scan(t *testing.T) []*scanned {
	t.Helper()
	all, err := scannedPackages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// scannedPackages reads the files that the go command names.
var scannedPackages = sync.OnceValues(func() ([]*scanned, error) {
	const format = `{{range .GoFiles}}{{$.ImportPath}}|{{$.Dir}}|{{.}}{{"\n"}}{{end}}`
	list := exec.CommandContext(context.Background(), "go", append([]string{"list", "-f", format}, packages...)...)
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []*scanned
	for line := range strings.Lines(string(out)) {
		part := strings.Split(strings.TrimSpace(line), "|")
		if len(part) != 3 {
			continue // between packages
		}
		text, err := os.ReadFile(filepath.Join(part[1], part[2]))
		if err != nil {
			return nil, err
		}
		all = append(all, scanFile(part[0], path.Join("src", part[0], part[2]), string(text))...)
	}
	return all, nil
})

// The scan and the index see the same declarations, with the same words.
func TestScanAgrees(t *testing.T) {
	byName := make(map[string]*scanned)
	for _, d := range scan(t) {
		byName[d.pkg+"."+d.symbol] = d
	}
	for _, ix := range stdlib(t) {
		for i, e := range ix.entries {
			d := byName[e.name()]
			delete(byName, e.name())
			if d == nil {
				t.Errorf("%s at %s: not scanned", e.name(), e.Position)
				continue
			}
			counts := make(map[string]int)
			for _, w := range d.words {
				counts[w]++
			}
			var words []string
			for w, n := range counts {
				if n > 1 {
					w = fmt.Sprintf("%s:%d", w, n)
				}
				words = append(words, w)
			}
			slices.Sort(words)
			if got, want := ix.wordsOf(i), strings.Join(words, " "); got != want || d.position != e.Position || len(d.words) != e.length {
				t.Errorf("%s at %s, %d words, scanned at %s, %d words:\n%s\n%s",
					e.name(), e.Position, e.length, d.position, len(d.words), got, want)
			}
		}
	}
	for name, d := range byName {
		t.Errorf("%s at %s: scanned, not indexed", name, d.position)
	}
}
