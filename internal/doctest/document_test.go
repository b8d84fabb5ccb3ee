package doctest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the repository's.
const root = "../.."

// document is a text in Markdown.
type document struct {
	name string // relative to root
	text string
}

// documents are all but those of bench, which is a module of its own.
func documents(t *testing.T) []document {
	t.Helper()
	names := []string{"README.md", "CONTRIBUTING.md"}
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no docs: %v", err)
	}
	for _, path := range found {
		names = append(names, "docs/"+filepath.Base(path))
	}
	list := make([]document, len(names))
	for i, name := range names {
		list[i] = read(t, name)
	}
	return list
}

func read(t *testing.T, name string) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return document{name, string(text)}
}

// section returns the text from a heading, without its marks, to the next.
func (d document) section(t *testing.T, heading string) document {
	t.Helper()
	_, rest, ok := strings.Cut(d.text, "# "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", d.name, heading)
	}
	if end := regexp.MustCompile("(?m)^##* ").FindStringIndex(outsideBlocks(rest)); end != nil {
		rest = rest[:end[0]]
	}
	return document{d.name + ", " + heading, rest}
}

var fence = regexp.MustCompile("(?s)(?:^|\n)```([a-z]*)\n(.*?)\n```(?:\n|$)")

// blocks returns what stands between fences of a language; "" is none.
func (d document) blocks(language string) []string {
	var list []string
	for _, match := range fence.FindAllStringSubmatch(d.text, -1) {
		if match[1] == language {
			list = append(list, match[2])
		}
	}
	return list
}

// block returns the only one of a language.
func (d document) block(t *testing.T, language string) string {
	t.Helper()
	list := d.blocks(language)
	if len(list) != 1 {
		t.Fatalf("%s has %d blocks of %q, want one", d.name, len(list), language)
	}
	return list[0]
}

// outsideBlocks returns the text with blanks in the place of its blocks, as long.
func outsideBlocks(text string) string {
	words := regexp.MustCompile(`[^\n]+`)
	return fence.ReplaceAllStringFunc(text, func(block string) string {
		return words.ReplaceAllStringFunc(block, func(line string) string { return strings.Repeat(" ", len(line)) })
	})
}
