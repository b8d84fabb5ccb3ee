package mpreg_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/mpreg/mpreg/internal/testkit"
)

// TestREADME does what the README says a newcomer does: a module of one's own
// that uses a clone, and the first program in it.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("README.md")
	testkit.Must(t, err)
	program := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindSubmatch(text)
	prints := regexp.MustCompile("prints `(.*?)` and `(.*?)`").FindSubmatch(text)
	if program == nil || prints == nil {
		t.Fatal("the README has no first program, or does not say what it prints")
	}
	clone, err := os.Getwd()
	testkit.Must(t, err)
	dir := t.TempDir()
	sums, err := os.ReadFile("go.sum")
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600)) // spares asking the network
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "main.go"), program[1], 0o600))
	command := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %v: %v", args, err)
		}
		return string(out)
	}
	command("mod", "init", "hello")
	command("mod", "edit", "-require=github.com/mpreg/mpreg@v0.0.0", "-replace=github.com/mpreg/mpreg="+clone)
	if got, want := command("run", "-mod=mod", "."), string(prints[1])+"\n"+string(prints[2])+"\n"; got != want {
		t.Errorf("it prints %q, the README says %q", got, want)
	}
}
