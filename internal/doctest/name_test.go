package doctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

// exported returns what a package of the repository exports, with the declared
// result of its functions.
func exported(t *testing.T, directory string) map[string]string {
	t.Helper()
	names := map[string]string{}
	noTests := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	entries, err := os.ReadDir(filepath.Join(root, directory))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || filepath.Ext(entry.Name()) != ".go" || !noTests(info) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, directory, entry.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			declared(declaration, names)
		}
	}
	return names
}

func declared(declaration ast.Decl, names map[string]string) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			return
		}
		names[d.Name.Name] = ""
		if r := d.Type.Results; r != nil && len(r.List) == 1 {
			if result, ok := r.List[0].Type.(*ast.Ident); ok {
				names[d.Name.Name] = result.Name
			}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names[s.Name.Name] = ""
			case *ast.ValueSpec:
				for _, name := range s.Names {
					names[name.Name] = ""
				}
			}
		}
	}
}

// TestNames: what the documents call mpreg.X and mpregtest.X is there.
func TestNames(t *testing.T) {
	name := regexp.MustCompile(`\b(mpreg|mpregtest)\.([A-Z]\w*)`)
	packages := map[string]map[string]string{"mpreg": exported(t, "."), "mpregtest": exported(t, "mpregtest")}
	found := 0
	for _, d := range documents(t) {
		for _, match := range name.FindAllStringSubmatch(d.text, -1) {
			found++
			if _, ok := packages[match[1]][match[2]]; !ok {
				t.Errorf("%s names %s, which is not there", d.name, match[0])
			}
		}
	}
	if found == 0 {
		t.Error("no names found")
	}
}

// TestFiles: what the documents call a file of the repository is there.
func TestFiles(t *testing.T) {
	file := regexp.MustCompile("`((?:[a-z]+/)*[a-z_]+\\.(?:go|md|py|js))`")
	for _, d := range documents(t) {
		for _, match := range file.FindAllStringSubmatch(d.text, -1) {
			var found bool
			for _, directory := range []string{".", "docs", "internal/gossip"} {
				_, err := os.Stat(filepath.Join(root, directory, match[1]))
				found = found || err == nil
			}
			if !found {
				t.Errorf("%s names the file %s, which is not there", d.name, match[1])
			}
		}
	}
}

// TestVariables: docs/CONFIGURATION.md has all variables with their fields, and no
// document has another.
func TestVariables(t *testing.T) {
	want := map[string]string{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[mpreg.Config]()) {
		want["MPREG_"+field.Tag.Get("env")] = field.Name
	}
	got := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `(MPREG_\\w+)` \\| `(\\w+)` \\|")
	for _, match := range row.FindAllStringSubmatch(read(t, "docs/CONFIGURATION.md").text, -1) {
		got[match[1]] = match[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables and fields (-Config +docs/CONFIGURATION.md):\n%s", diff)
	}
	commandLine := []string{"MPREG_URL", "MPREG_TOKEN", "MPREG_CA"}
	for _, d := range documents(t) {
		for _, variable := range regexp.MustCompile(`MPREG_\w+`).FindAllString(d.text, -1) {
			if want[variable] == "" && !slices.Contains(commandLine, variable) && !strings.HasPrefix(variable, "MPREG_TEST_") {
				t.Errorf("%s has %s, which nobody reads", d.name, variable)
			}
		}
	}
}

// TestOptions: docs/CONFIGURATION.md has all options.
func TestOptions(t *testing.T) {
	text := read(t, "docs/CONFIGURATION.md").section(t, "Options").text
	found := 0
	for name, result := range exported(t, ".") {
		if !slices.Contains([]string{"Option", "ServerOption", "ClientOption", "CallOption", "IdempotentOption"}, result) {
			continue
		}
		found++
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("the option %s is missing", name)
		}
	}
	if found == 0 {
		t.Error("no options found")
	}
}
