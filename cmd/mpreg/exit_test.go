package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestExitStatus(t *testing.T) {
	interruptedBy := func(s os.Signal) context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(interrupted{s})
		return ctx
	}
	odd, canceled := errors.New("odd"), fmt.Errorf("gave up: %w", context.Canceled)
	for _, test := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"all well", t.Context(), nil, 0},
		{"failed", t.Context(), odd, 1},
		{"wrong usage", t.Context(), fmt.Errorf("so: %w", usageError{odd}), 2},
		{"drained", interruptedBy(syscall.SIGTERM), nil, 0},
		{"did not drain in time", interruptedBy(syscall.SIGTERM), odd, 1},
		{"gave up when interrupted", interruptedBy(syscall.SIGINT), canceled, 130},
		{"when terminated", interruptedBy(syscall.SIGTERM), canceled, 143},
		{"canceled by nobody here", t.Context(), canceled, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := exitStatus(test.ctx, test.err); got != test.want {
				t.Errorf("status %d, want %d", got, test.want)
			}
		})
	}
}

// TestOnTerminal: what comes back to a terminal does not rule it, whether it went
// well or not.
func TestOnTerminal(t *testing.T) {
	script, err := exec.LookPath("script") // has a command run on a terminal of its own
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("no script of util-linux, whose flags are not those of others: ", err)
	}
	const controls = "\x1b]0;title\a"
	url := startNode(t, func(register func(string, any, ...string)) {
		register("result", func() string { return controls })
		register("failure", func() error { return errors.New(controls) })
	})
	binary := build(t)
	for fun, want := range map[string]string{"result": `\u001b]0;title\u0007`, "failure": `error: \x1b]0;title\a`} {
		for _, output := range []string{"text", "json"} {
			line := fmt.Sprintf("%s call --url %s -o %s %s", binary, url, output, fun)
			got, _ := exec.CommandContext(t.Context(), script, "-qec", line, "/dev/null").CombinedOutput() // and the call's status
			out := string(got)
			escaped := strings.Contains(out, want) || output == "json" && strings.Contains(out, `\u001b]0;title\u0007`)
			if !escaped || strings.ContainsAny(out, "\x1b\a") {
				t.Errorf("%s as %s: the terminal got %q, want %s", fun, output, out, want)
			}
		}
	}
}
