package mpreg_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mpreg/mpreg"

// dependencies lists what a package of this module imports, however indirectly.
func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
	}
	list := strings.Fields(string(out))
	if !slices.Contains(list, strings.Replace(pkg, ".", module, 1)) {
		t.Fatalf("%s is not among its own dependencies: %q", pkg, list)
	}
	return slices.DeleteFunc(list, func(dep string) bool { return dep == strings.Replace(pkg, ".", module, 1) })
}

// TestDependencies: who embeds a node pays for nothing that it does not use,
// and imports run downwards only.
func TestDependencies(t *testing.T) {
	for _, row := range []struct {
		pkg    string
		mayUse []string // of this module
	}{
		{".", []string{"/codec", "/internal/wire", "/internal/link", "/internal/plan", "/internal/gossip", "/internal/route", "/internal/lease"}},
		{"./internal/link", []string{"/codec", "/internal/wire"}},
		{"./internal/plan", []string{"/codec", "/internal/wire"}},
		{"./internal/route", []string{"/codec", "/internal/wire"}},
		{"./internal/gossip", []string{"/codec", "/internal/wire"}},
		{"./internal/lease", []string{"/codec", "/internal/wire"}},
		{"./internal/wire", []string{"/codec"}},
		{"./codec", nil},
	} {
		for _, dep := range dependencies(t, row.pkg) {
			for _, heavy := range []string{"prometheus", "opentelemetry", "alecthomas/kong", "spf13/", "testing"} {
				if strings.Contains(dep, heavy) {
					t.Errorf("%s depends on %s", row.pkg, dep)
				}
			}
			ours, ok := strings.CutPrefix(dep, module)
			if ok && !slices.Contains(row.mayUse, ours) {
				t.Errorf("%s depends on %s", row.pkg, dep)
			}
		}
	}
}
