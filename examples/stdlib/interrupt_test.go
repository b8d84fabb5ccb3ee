//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A program that is interrupted while its third node is on its way stops the two
// that serve, and waits for all three.
func TestInterrupt(t *testing.T) {
	pipe, root := stuckSource(t, "crypto/tls") // the first package of node-3
	cmd := program(t)
	cmd.Env = append(os.Environ(), "GOROOT="+root)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	out := bufio.NewReader(stdout)
	for range 2 {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err, cmd.Wait(), &stderr)
		}
		printed.WriteString(line)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(pipe.Name()); err != nil { // nobody begins to read any more
		t.Error(err)
	}
	pipe.Close() // and who reads comes to the end
	checkInterrupted(t, cmd, out, &stderr)
	for _, n := range printedNodes(printed.String()) {
		if !gone(n.pid) {
			t.Errorf("%s, PID %d, has outlived the program", n.name, n.pid)
		}
	}
}

func checkInterrupted(t *testing.T, cmd *exec.Cmd, out *bufio.Reader, stderr *bytes.Buffer) {
	t.Helper()
	rest, readErr := out.ReadString(0)
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() != 1 || rest != "" {
		t.Errorf("ended with %v, then printed %q, %v", err, rest, readErr)
	}
	if !strings.Contains(stderr.String(), "stdlib: ") {
		t.Errorf("standard error does not say why: %q", stderr)
	}
}

// stuckSource returns a tree like the Go toolchain's where the reading of one
// package comes to no end before the returned pipe is closed.
func stuckSource(t *testing.T, stuck string) (pipe *os.File, root string) {
	t.Helper()
	source, err := goroot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	dir := filepath.Join(root, "src", filepath.FromSlash(stuck))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, pkg := range packages { // whole trees, but for that of the stuck one
		top, _, _ := strings.Cut(pkg, "/")
		err := os.Symlink(filepath.Join(source, "src", top), filepath.Join(root, "src", top))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "stuck.go")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err = os.OpenFile(name, os.O_RDWR, 0) // for writing too: who reads waits for us
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pipe.Close() })
	return pipe, root
}
