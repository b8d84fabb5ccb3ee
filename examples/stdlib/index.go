package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// nameWeight is how often a declaration's name counts in its text: who asks
// for a deadline wants SetDeadline before a function that mentions one.
const nameWeight = 3

// Index is what one package exports, by the words of its names and doc
// comments. It does not change once built: any number of goroutines may search.
type Index struct {
	pkg      string
	entries  []entry
	length   int // words of all entries
	postings map[string][]posting
}

type entry struct {
	Declaration
	length int // words
}

// posting says that a word occurs in an entry, and how often.
type posting struct {
	entry, count int
}

// IndexPackage parses the source of the package with this import path under
// goroot and indexes its exported declarations. It reads the files that a build
// for linux/amd64 without cgo would, on any machine, so that an answer depends
// on nothing but the Go version.
func IndexPackage(goroot, pkg string) (*Index, error) {
	files := build.Default
	files.GOOS, files.GOARCH, files.CgoEnabled = "linux", "amd64", false

	dir := filepath.Join(goroot, "src", filepath.FromSlash(pkg))
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("package %s: %w", pkg, err)
	}
	ix := &Index{pkg: pkg, postings: make(map[string][]posting)}
	for _, name := range names {
		match, err := files.MatchFile(dir, name.Name())
		if err != nil {
			return nil, fmt.Errorf("package %s: %w", pkg, err)
		}
		if !match || !strings.HasSuffix(name.Name(), ".go") || strings.HasSuffix(name.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name.Name()))
		if err != nil {
			return nil, fmt.Errorf("package %s: %w", pkg, err)
		}
		if err := ix.addFile(path.Join("src", pkg, name.Name()), text); err != nil {
			return nil, fmt.Errorf("package %s: %w", pkg, err)
		}
	}
	if len(ix.entries) == 0 {
		return nil, fmt.Errorf("package %s: no exported declaration in %s", pkg, dir)
	}
	return ix, nil
}

// addFile indexes one file's text; its name is what positions show.
func (ix *Index) addFile(name string, text []byte) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	declarations(file, func(symbol, kind, signature string, at token.Pos, docs ...*ast.CommentGroup) {
		words := Words(strings.Repeat(symbol+" ", nameWeight))
		for _, doc := range docs {
			words = append(words, Words(doc.Text())...)
		}
		ix.add(Declaration{
			Package:   ix.pkg,
			Symbol:    symbol,
			Kind:      kind,
			Signature: signature,
			Position:  fmt.Sprintf("%s:%d", name, set.Position(at).Line),
		}, words)
	})
	return nil
}

func (ix *Index) add(d Declaration, words []string) {
	counts := make(map[string]int)
	for _, word := range words {
		counts[word]++
	}
	for word, count := range counts {
		ix.postings[word] = append(ix.postings[word], posting{entry: len(ix.entries), count: count})
	}
	ix.entries = append(ix.entries, entry{Declaration: d, length: len(words)})
	ix.length += len(words)
}
