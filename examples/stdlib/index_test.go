package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `package sample

// Limit is how many
// are kept.
const Limit = 3

// Colours of a lamp.
const (
	Red, Green Colour = iota, iota + 1
	// Blue has its own words.
	Blue
	grey
)

var ErrGone error // ErrGone says why.

// Lamp shines.
type Lamp[T any] struct {
	// Power in watts.
	Power, Spare int
	Name  string // Name on the label.
	wire  func(a int,
		b T) error
	Base
}

type (
	// Switch turns it on.
	Switch interface {
		Base
		// On answers at once.
		On(now bool) (err error)
		off()
	}
	Colour int
)

// New makes a lamp
//
//go:noinline
func New(
	power int, // in watts
	names ...string,
) *Lamp[int] {
	return nil
}

// Dim lowers it.
func (l *Lamp[T]) Dim(by int) { l.Power -= by }

func (l *Lamp[T]) hidden() {}

// Shown is on a type that is not.
func (b base) Shown() {}
`

func TestDeclarations(t *testing.T) {
	ix := &Index{pkg: "a/sample", postings: make(map[string][]posting)}
	if err := ix.addFile("src/a/sample/s.go", []byte(sample)); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Symbol, Kind, Signature string
		Line                    int
		Words                   string
	}
	var got []row
	for i, e := range ix.entries {
		if e.Package != "a/sample" {
			t.Errorf("%s: package %q", e.Symbol, e.Package)
		}
		file, line, _ := strings.Cut(e.Position, ":")
		if file != "src/a/sample/s.go" {
			t.Errorf("%s: file %q", e.Symbol, file)
		}
		n, _ := strconv.Atoi(line)
		got = append(got, row{e.Symbol, e.Kind, e.Signature, n, ix.wordsOf(i)})
	}
	want := []row{
		{"Limit", "const", "const Limit", 5, "are how is kept limit:4 many"},
		{"Red", "const", "const Red Colour", 9, "a colour lamp of red:3"},
		{"Green", "const", "const Green Colour", 9, "a colour green:3 lamp of"},
		{"Blue", "const", "const Blue", 11, "blue:4 has its own word"},
		{"ErrGone", "var", "var ErrGone error", 15, "err:4 gone:4 say why"},
		{"Lamp", "type", "type Lamp[T any] struct", 18, "lamp:4 shine"},
		{"Lamp.Power", "field", "Power int", 20, "in lamp:3 power:4 watt"},
		{"Lamp.Spare", "field", "Spare int", 20, "in lamp:3 power spare:3 watt"},
		{"Lamp.Name", "field", "Name string", 21, "label lamp:3 name:4 on the"},
		{"Switch", "type", "type Switch interface", 29, "it on switch:4 turn"},
		{"Switch.On", "method", "On(now bool) (err error)", 32, "answer at on:4 once switch:3"},
		{"Colour", "type", "type Colour int", 35, "colour:3"},
		{"New", "func", "func New(power int, names ...string) *Lamp[int]", 41, "a lamp make new:4"},
		{"Lamp.Dim", "method", "func (l *Lamp[T]) Dim(by int)", 49, "dim:4 it lamp:3 lower"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("declarations (-want +got):\n%s", diff)
	}
}

// wordsOf lists an entry's words in order, each with its count if that isn't 1.
func (ix *Index) wordsOf(entry int) string {
	var words []string
	for word, postings := range ix.postings {
		for _, p := range postings {
			if p.entry == entry {
				if p.count > 1 {
					word += ":" + strconv.Itoa(p.count)
				}
				words = append(words, word)
			}
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestIndexCounts(t *testing.T) {
	for _, ix := range stdlib(t) {
		length, counted := 0, 0
		for _, e := range ix.entries {
			length += e.length
		}
		for _, postings := range ix.postings {
			for _, p := range postings {
				counted += p.count
			}
		}
		if ix.length != length || counted != length {
			t.Errorf("%s: %d words, in its entries %d, in its postings %d", ix.pkg, ix.length, length, counted)
		}
	}
}

// Each position is a line of the toolchain's source where the symbol stands,
// and a function's signature is how its line begins.
func TestPositions(t *testing.T) {
	root, err := goroot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[string][]string)
	for _, ix := range stdlib(t) {
		seen := make(map[string]bool)
		for _, e := range ix.entries {
			if seen[e.Symbol] {
				t.Errorf("%s is declared twice", e.name())
			}
			seen[e.Symbol] = true

			file, number, _ := strings.Cut(e.Position, ":")
			if lines[file] == nil {
				text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
				if err != nil {
					t.Fatal(err)
				}
				lines[file] = strings.Split(string(text), "\n")
			}
			n, err := strconv.Atoi(number)
			if err != nil || n < 1 || n > len(lines[file]) {
				t.Fatalf("%s: position %q", e.name(), e.Position)
			}
			line := strings.TrimSpace(lines[file][n-1])
			if name := e.Symbol[strings.LastIndex(e.Symbol, ".")+1:]; !strings.Contains(line, name) {
				t.Errorf("%s is not at %s: %s", e.name(), e.Position, line)
			}
			whole := strings.HasSuffix(line, "{") || strings.HasSuffix(line, "}")
			if strings.HasPrefix(line, "func ") && whole && !strings.HasPrefix(line, e.Signature) {
				t.Errorf("%s: signature %q, but %s: %s", e.name(), e.Signature, e.Position, line)
			}
		}
	}
}

func TestIndexPackageErrors(t *testing.T) {
	root := t.TempDir()
	write := func(pkg, name, text string) {
		t.Helper()
		dir := filepath.Join(root, "src", pkg)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("broken", "b.go", "package broken\nfunc {")
	write("empty", "e.go", "package empty\nfunc quiet() {}\n")
	write("empty", "e_test.go", "package empty\nfunc Loud() {}\n")
	write("empty", "e_windows.go", "package empty\nfunc Far() {}\n")
	write("empty", "notes.txt", "func Away() {}\n")

	for pkg, want := range map[string]string{
		"missing": "package missing: open ",
		"broken":  "package broken: src/broken/b.go:2:6: ",
		"empty":   "package empty: no exported declaration in ",
	} {
		ix, err := IndexPackage(root, pkg)
		if ix != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("IndexPackage(%q) = %v, %v; want error %q", pkg, ix, err, want)
		}
	}
}

// stdlib indexes the example's packages, once for all tests.
func stdlib(t *testing.T) []*Index {
	t.Helper()
	all, err := indexed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var indexed = sync.OnceValues(func() ([]*Index, error) {
	root, err := goroot(context.Background())
	if err != nil {
		return nil, err
	}
	return indexAll(root, packages)
})
