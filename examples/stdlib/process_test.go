//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

// program prepares a process of the program.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), binary, args...) // TestMain makes it the program
}

// gone reports whether there is no process with this id, not even one that has
// ended and was not waited for.
func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// The whole program, run as users do: three processes, none of them its own, the
// answer that the scan finds, and nothing left when it has ended.
func TestProgram(t *testing.T) {
	cmd := program(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("error %v\n%s", err, &stderr)
	}
	checkPrinted(t, string(out), scan(t), 3, 10, []string{"deadline", "timeout"})
	seen := map[int]bool{cmd.Process.Pid: true, os.Getpid(): true}
	for _, n := range printedNodes(string(out)) {
		if seen[n.pid] {
			t.Errorf("%s has the PID %d, as another process", n.name, n.pid)
		}
		seen[n.pid] = true
		if !gone(n.pid) {
			t.Errorf("%s, PID %d, has outlived the program", n.name, n.pid)
		}
	}
}

// witness is standard output, and looks at the nodes when the answer is printed.
type witness struct {
	bytes.Buffer
	t    *testing.T
	seen int // nodes
}

func (w *witness) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if !bytes.Contains(p, []byte("One request to")) {
		return n, err
	}
	for _, node := range printedNodes(w.String()) {
		client := mpreg.NewClient(node.url).With(mpreg.OnNode(node.name))
		got, err := mpreg.Call[Place](w.t.Context(), client, "weigh", []Stats{})
		client.Close()
		if want := (Place{node.name, node.pid}); got != want || err != nil {
			w.t.Errorf("at %s there is %+v, error %v, want %+v", node.url, got, err, want)
		}
		w.seen++
	}
	return n, err
}

// The answer does not depend on how many processes hold the packages; and these
// are there when it is printed.
func TestAsk(t *testing.T) {
	for _, nodes := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			out := &witness{t: t}
			if err := ask(t.Context(), out, options{nodes: nodes, question: "HTTP servers", limit: 30}); err != nil {
				t.Fatal(err)
			}
			checkPrinted(t, out.String(), scan(t), nodes, 30, []string{"http", "server"})
			if out.seen != nodes {
				t.Errorf("%d nodes were there, want %d", out.seen, nodes)
			}
		})
	}
}

// canceler is standard output, and cancels when something is printed.
type canceler struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (c *canceler) Write(p []byte) (int, error) {
	c.cancel()
	return c.Buffer.Write(p)
}

// Who gives up, before or in the midst, leaves no process behind.
func TestAskCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &canceler{cancel: cancel}
	o := options{nodes: 3, question: "deadline", limit: 10}
	if err := ask(ctx, out, o); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled by the first node: error %v", err)
	}
	if nodes := printedNodes(out.String()); len(nodes) != 1 || !gone(nodes[0].pid) {
		t.Errorf("one node should have started and be gone: %+v", nodes)
	}
	out.Reset()
	if err := ask(ctx, out, o); !errors.Is(err, context.Canceled) || out.Len() > 0 {
		t.Errorf("canceled before: error %v, printed %q", err, out)
	}
}

// A node that ends by itself is an error, and ends the others.
func TestFleetLosesNode(t *testing.T) {
	ctx, nodes := newFleet(t.Context())
	for _, pkg := range []string{"strings", "context"} {
		if _, err := nodes.start(ctx, []string{pkg}); err != nil {
			t.Fatal(errors.Join(err, nodes.end()))
		}
	}
	lost := nodes.processes[0]
	if err := lost.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	<-ctx.Done()
	err := nodes.end()
	if want := fmt.Sprintf("node-1, PID %d, ended: signal: killed", lost.pid()); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestFleetStartFails(t *testing.T) {
	ctx, nodes := newFleet(t.Context())
	p, err := nodes.start(ctx, []string{"no/such"})
	if p != nil || err == nil || !strings.HasPrefix(err.Error(), "node-1, PID ") || !strings.HasSuffix(err.Error(), ", ended: exit status 1") {
		t.Errorf("%v, error %v", p, err)
	}
	if err := nodes.end(); err != nil {
		t.Error(err)
	}
}

// A node's process ends well if it is told to, and if nobody is there to tell it.
func TestNodeStops(t *testing.T) {
	for name, stop := range map[string]func(*os.Process, io.Closer) error{
		"SIGTERM":             func(p *os.Process, _ io.Closer) error { return p.Signal(syscall.SIGTERM) },
		"standard input ends": func(_ *os.Process, stdin io.Closer) error { return stdin.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t, "-node", "alone", "strings")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(stdout)
			url, err := out.ReadString('\n')
			if err != nil {
				t.Fatal(err, cmd.Wait(), &stderr)
			}
			// An interrupt is not for it.
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
			client := mpreg.NewClient(strings.TrimSpace(url))
			defer client.Close()
			got, err := mpreg.Call[Place](t.Context(), client, "weigh", []Stats{})
			if diff := cmp.Diff(Place{"alone", cmd.Process.Pid}, got); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}

			if err := stop(cmd.Process, stdin); err != nil {
				t.Error(err)
			}
			rest, err := io.ReadAll(out)
			if ended := cmd.Wait(); ended != nil || err != nil || len(rest) > 0 || stderr.Len() > 0 {
				t.Errorf("ended with %v, then printed %q, error %v\n%s", ended, rest, err, &stderr)
			}
		})
	}
}
