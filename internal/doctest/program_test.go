package doctest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mpreg/mpreg/internal/testkit"
)

// TestFirstProgram does what the README says a newcomer does: a module of one's own
// that uses a clone, and the first program in it.
func TestFirstProgram(t *testing.T) {
	section := read(t, "README.md").section(t, "A first program")
	program := section.blocks("go")[0]
	prints := regexp.MustCompile("`go mod tidy && go run \\.` prints `(.*?)` and `(.*?)`").FindStringSubmatch(section.text)
	if prints == nil {
		t.Fatal("the README does not say what it prints")
	}
	_, setup, _ := strings.Cut(section.block(t, ""), "mkdir hello && cd hello && ")

	clone, err := filepath.Abs(root)
	testkit.Must(t, err)
	parent := t.TempDir()
	testkit.Must(t, os.Symlink(clone, filepath.Join(parent, "mpreg")))
	dir := filepath.Join(parent, "hello")
	testkit.Must(t, os.Mkdir(dir, 0o700))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600)) // spares asking the network
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	shell := func(script string) string {
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
		cmd.Dir = dir
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		return string(out)
	}
	shell(setup)
	// go mod tidy would ask for the tests of what is imported, too.
	if got, want := shell("go run -mod=mod ."), prints[1]+"\n"+prints[2]+"\n"; got != want {
		t.Errorf("it prints %q, the README says %q", got, want)
	}
}
