package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mpreg/mpreg"
)

// build compiles this command and returns the binary's path.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mpreg")
	// No version control stamp: git may not want to read this clone.
	compile := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", binary, ".")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// caller calls echo until a call is refused, and checks every answer.
func caller(t *testing.T, client *mpreg.Client, id int64, answered func()) {
	t.Helper()
	for n := id << 32; ; n++ {
		got, err := mpreg.Call[int64](t.Context(), client, "echo", n)
		if err != nil {
			var e *mpreg.Error
			if !errors.Is(err, mpreg.Unavailable) || !errors.As(err, &e) || e.Executed != mpreg.ExecutedNo {
				t.Errorf("a call ended with %v; want unavailable, not executed", err)
			}
			return
		}
		if got != n {
			t.Errorf("echo(%d) = %d", n, got)
			return
		}
		answered()
	}
}

// TestTerminateUnderLoad sends SIGTERM while hundreds of calls are under way:
// each of them must be answered, or refused before it ran.
func TestTerminateUnderLoad(t *testing.T) {
	const clients, callersPerClient, callsBefore = 16, 16, 5_000

	var log bytes.Buffer
	node := exec.CommandContext(t.Context(), build(t), "serve", "--port", "0", "--log-level", "warn")
	node.Stderr = &log
	stdout, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("no URL: %v; %v\n%s", err, node.Wait(), log.String())
	}

	var calls atomic.Int64
	warm := make(chan struct{})
	answered := func() {
		if calls.Add(1) == callsBefore {
			close(warm)
		}
	}
	var callers sync.WaitGroup
	for i := range clients {
		client := mpreg.NewClient(strings.TrimSpace(line))
		t.Cleanup(func() { client.Close() })
		for j := range callersPerClient {
			callers.Go(func() { caller(t, client, int64(i*callersPerClient+j), answered) })
		}
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		callers.Wait()
	}()
	select {
	case <-warm:
	case <-over:
		t.Fatal("all callers ended before the signal")
	}
	if err := node.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-over
	if err := node.Wait(); err != nil {
		t.Errorf("the node ended with %v, want status 0\n%s", err, log.String())
	}
	t.Logf("%d calls were answered", calls.Load())
}

// TestTerminateWithoutReader: who reads a node's output is often gone before the
// node is told to end, as Ctrl-C ends all of a pipeline. It drains all the same.
func TestTerminateWithoutReader(t *testing.T) {
	node := exec.CommandContext(t.Context(), build(t), "serve", "--port", "0")
	stderr, err := node.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("no URL: %v, %q; %v", err, line, node.Wait())
	}
	for _, pipe := range []io.Closer{stdout, stderr} {
		if err := pipe.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := node.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := node.Wait(); err != nil {
		t.Errorf("the node ended with %v, want status 0", err)
	}
}

// TestInterruptedCall: a call that is interrupted is canceled where it runs, and
// the exit status says by which signal.
func TestInterruptedCall(t *testing.T) {
	started, canceled := make(chan struct{}, 1), make(chan error, 1)
	url := startNode(t, func(register func(string, any, ...string)) {
		register("stuck", func(ctx context.Context) {
			started <- struct{}{}
			<-ctx.Done()
			canceled <- ctx.Err()
		})
	})
	binary := build(t)
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		call := exec.CommandContext(t.Context(), binary, "call", "--url", url, "stuck")
		if err := call.Start(); err != nil {
			t.Fatal(err)
		}
		<-started
		if err := call.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := <-canceled; !errors.Is(err, context.Canceled) {
			t.Errorf("%v: the function's context ended with %v", signal, err)
		}
		if _ = call.Wait(); call.ProcessState.ExitCode() != want {
			t.Errorf("%v: %v, want status %d", signal, call.ProcessState, want)
		}
	}
}
