package doctest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

const (
	// readmeURL is where the documents' node listens.
	readmeURL = "ws://127.0.0.1:6747"

	// patience bounds what a program may take: it is there for those that hang.
	patience = 2 * time.Minute
)

// websockets asks a Python whether it has them: that of the system first, which has
// the packages of the distribution.
var websockets = [][]string{{"/usr/bin/python3", "-c", "import websockets"}, {"python3", "-c", "import websockets"}}

// result finds what a program prints, in the comment behind the statement.
var result = regexp.MustCompile(`(?m)    (?:#|//) (.*)$`)

// TestPython runs what the README shows of a client in Python.
func TestPython(t *testing.T) {
	python := interpreter(t, "PYTHON", websockets...)
	script := read(t, "README.md").section(t, "From Python").block(t, "python")
	wantOutput(t, script, python)
}

// TestWorker runs the worker that docs/PROTOCOL.md shows, and calls it.
func TestWorker(t *testing.T) {
	python := interpreter(t, "PYTHON", websockets...)
	server := testkit.Serve(t, mpreg.Config{})
	script := read(t, "docs/PROTOCOL.md").section(t, "Workers").block(t, "python")
	if !strings.Contains(script, readmeURL) {
		t.Fatalf("does not connect to %s:\n%s", readmeURL, script)
	}
	script = strings.ReplaceAll(script, readmeURL, server.URL())
	worker := exec.CommandContext(t.Context(), python[0], append(python[1:], script)...)
	var stderr bytes.Buffer
	worker.Stderr = &stderr
	testkit.Must(t, worker.Start())
	defer func() {
		_ = worker.Process.Kill()
		_ = worker.Wait()
		if t.Failed() {
			t.Logf("the worker wrote: %s", &stderr)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	call := server.Client().With(mpreg.At("python"), mpreg.WaitForRoute())
	got, err := mpreg.Call[string](ctx, call, "shout", "hi")
	if err != nil || got != "HI" {
		t.Errorf(`shout("hi") is %q, %v`, got, err)
	}
	if _, err := call.Call(ctx, "shout", 1); !errors.Is(err, mpreg.Failed) {
		t.Errorf("shout(1): %v, want failed", err)
	}
}

// TestBrowser runs what the README shows of a browser, which Node understands.
func TestBrowser(t *testing.T) {
	script := read(t, "README.md").section(t, "From a browser").block(t, "js")
	wantOutput(t, script, javaScript(t))
}

// javaScript returns the beginning of a command that runs a script which has WebSocket.
func javaScript(t *testing.T) []string {
	t.Helper()
	const asks = `process.exit(typeof WebSocket === "function" ? 0 : 1)`
	command := interpreter(t, "NODE",
		[]string{"node", "-e", asks},
		[]string{"node", "--experimental-websocket", "-e", asks},
		[]string{"node", "-r", "ws", "-e", ""})
	if i := len(command) - 2; i > 0 && command[i] == "ws" {
		return append(command[:1:1], "-e", `globalThis.WebSocket = require("ws"); eval(process.argv[1])`)
	}
	return command
}

// interpreter returns the first of these commands that succeeds, without the script
// that is its last argument. Without any the test is skipped, unless it is required.
func interpreter(t *testing.T, language string, probes ...[]string) []string {
	t.Helper()
	for _, probe := range probes {
		if exec.CommandContext(t.Context(), probe[0], probe[1:]...).Run() == nil {
			return slices.Clip(probe[:len(probe)-1])
		}
	}
	if os.Getenv("MPREG_TEST_"+language) == "require" {
		t.Fatalf("MPREG_TEST_%s=require wants one of %q to succeed", language, probes)
	}
	t.Skipf("none of %q succeeds", probes)
	return nil
}

// wantOutput runs a script on a node, and compares what it prints with its comment.
func wantOutput(t *testing.T, script string, command []string) {
	t.Helper()
	server := testkit.Serve(t, mpreg.Config{})
	match := result.FindStringSubmatch(script)
	if match == nil || !strings.Contains(script, readmeURL) {
		t.Fatalf("does not say what it prints, or does not connect to %s:\n%s", readmeURL, script)
	}
	script = strings.ReplaceAll(script, readmeURL, server.URL())
	got := run(t, command[0], append(command[1:], script)...)
	if diff := cmp.Diff(spaceless(match[1]), spaceless(got)); diff != "" {
		t.Errorf("output (-comment +printed):\n%s", diff)
	}
}

// run runs a program to its end, and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		_ = errors.As(err, &exit)
		t.Fatalf("%v: %v\n%s%s", cmd, err, out, exit.Stderr)
	}
	return string(out)
}

func spaceless(text string) string { return strings.Join(strings.Fields(text), "") }
