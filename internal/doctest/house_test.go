package doctest_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHouse: docs/ARCHITECTURE.md lists the files of the root package, and the other
// packages.
func TestHouse(t *testing.T) {
	blocks := read(t, "docs/ARCHITECTURE.md").section(t, "The house").blocks("")
	if len(blocks) != 2 {
		t.Fatalf("%d lists, want one of files and one of packages", len(blocks))
	}
	found, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, path := range found {
		if !strings.HasSuffix(path, "_test.go") {
			files = append(files, filepath.Base(path))
		}
	}
	listed := regexp.MustCompile(`[a-z_]+\.go`).FindAllString(blocks[0], -1)
	slices.Sort(listed)
	if diff := cmp.Diff(files, listed); diff != "" {
		t.Errorf("files of the root package (-there +listed):\n%s", diff)
	}

	packages := regexp.MustCompile(`(?m)^[a-z/]+/`).FindAllString(blocks[1], -1)
	slices.Sort(packages)
	if diff := cmp.Diff(directories(t), packages); diff != "" {
		t.Errorf("packages (-there +listed):\n%s", diff)
	}
}

// directories returns the packages below the root, sorted, with a slash behind each;
// what is in examples and bench is one each, and internal and cmd are none.
func directories(t *testing.T) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == root {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		switch {
		case strings.HasPrefix(name, "."), name == "docs", strings.HasSuffix(name, "testdata"):
			return fs.SkipDir
		case name == "internal", name == "cmd":
			return nil
		}
		list = append(list, name+"/")
		return fs.SkipDir
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}
