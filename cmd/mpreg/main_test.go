package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/mpreg/mpreg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outcome is what a command line ended with.
type outcome struct {
	status   int
	out, err string
}

// execute runs a command line to its end.
func execute(ctx context.Context, stdin string, args ...string) outcome {
	var out, err bytes.Buffer
	status := run(ctx, args, stdio{in: strings.NewReader(stdin), out: &out, err: &err})
	return outcome{status, out.String(), err.String()}
}

// startNode serves until the test ends, with what offer registers besides the
// node's own functions, and returns the URL.
func startNode(t *testing.T, offer func(register func(name string, fn any, locs ...string)), opts ...mpreg.ServerOption) string {
	t.Helper()
	opts = append(opts, mpreg.WithLogger(slog.New(slog.DiscardHandler)))
	server, err := mpreg.NewServer(mpreg.Config{Name: "node-1"}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if offer != nil {
		offer(func(name string, fn any, locs ...string) {
			if err := server.Register(name, fn, locs...); err != nil {
				t.Fatal(err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	if err := server.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server.URL()
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	signals := make(chan os.Signal)
	exited := make(chan int, 1)
	go interrupt(signals, cancel, func(status int) { exited <- status })

	signals <- syscall.SIGTERM
	<-ctx.Done()
	select {
	case status := <-exited:
		t.Fatalf("the first signal ended the process with status %d", status)
	default:
	}
	signals <- os.Interrupt
	if status, want := <-exited, 130; status != want {
		t.Errorf("the second signal ended the process with status %d, want %d", status, want)
	}
}

func TestUsageErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string // what standard error begins with
	}{
		{"nothing", nil, `mpreg: expected one of "serve", "call", "run", "peers", "functions", ...`},
		{"unknown command", []string{"cal"}, `mpreg: unexpected argument cal, did you mean "call"?`},
		{"no function", []string{"call"}, `mpreg: expected "<fun>`},
		{"unknown flag", []string{"call", "echo", "--lock", "x"}, `mpreg: unknown flag --lock`},
		{"keyword without a value", []string{"call", "echo", "--kw", "lr"}, `mpreg: --kw lr: write it as name=value`},
		{"keyword without a name", []string{"call", "echo", "--kw", "=1"}, `mpreg: --kw =1: write it as name=value`},
		{"keyword twice", []string{"call", "echo", "--kw", "lr=1", "--kw", "lr=2"}, `mpreg: --kw lr: this keyword is given twice`},
		{"negative timeout", []string{"call", "echo", "--timeout=-1s"}, "mpreg: --timeout: want a time that is not negative, got -1s\n"},
		{"negative timeout apart", []string{"call", "echo", "--timeout", "-1s"}, "mpreg: --timeout: want a time that is not negative, got -1s\n"},
		{"negative timeout of a graph", []string{"run", "--timeout", "-1m30s", "-"}, "mpreg: --timeout: want a time that is not negative, got -1m30s\n"},
		{"negative number as a timeout", []string{"call", "--timeout", "-1", "echo"}, `mpreg: --timeout: want a time such as 1.5s or 2m, got "-1"`},
		{"no duration", []string{"call", "echo", "--timeout", "soon"}, `mpreg: --timeout: want a time such as 1.5s or 2m, got "soon"`},
		{"too many files", []string{"run", "a.json", "-1"}, "mpreg: unexpected argument -1\n"},
		{"unknown output", []string{"call", "echo", "-o", "xml"}, `mpreg: --output must be one of "text","json" but got "xml"`},
		{"no file", []string{"run", "testdata/missing.json"}, `mpreg: reading the request: open testdata/missing.json: `},
		{"no port", []string{"serve", "--port", "http"}, `mpreg: --port: expected a valid 64 bit int but got "http"`},
		{"port too large", []string{"serve", "--port", "65536"}, `mpreg: --port: 65536 does not fit the rule "lte=65535"`},
		{"nothing to describe", []string{"describe"}, `mpreg: expected "<fun>"`},
		{"negative timeout of a listing", []string{"peers", "--timeout", "-1s"}, "mpreg: --timeout: want a time that is not negative, got -1s\n"},
		{"an argument too many", []string{"status", "first"}, "mpreg: unexpected argument first\n"},
		{"no host", []string{"serve", "--host", "a_b"}, `mpreg: --host: a_b does not fit `},
		{"no name", []string{"serve", "--name", strings.Repeat("n", 257)}, `mpreg: --name: nnn`},
		{"no cluster", []string{"serve", "--cluster-id", strings.Repeat("c", 257)}, `mpreg: --cluster-id: ccc`},
		{"no loc", []string{"serve", "--resources", "gpu," + strings.Repeat("r", 257)}, `mpreg: --resources (entry 1): rrr`},
		{"no peer", []string{"serve", "--peers", "ws://a,b"}, `mpreg: --peers (entry 1): b is no URL of a node`},
		{"no advertised URL", []string{"serve", "--advertise", "ws://a,http://b"}, `mpreg: --advertise (entry 1): http://b is no URL of a node`},
		{"advertised and unreachable", []string{"serve", "--advertise", "ws://a", "--unreachable"}, `mpreg: --advertise and --unreachable can't be used together`},
		{"no log level", []string{"serve", "--log-level", "loud"}, `mpreg: --log-level: `},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := execute(t.Context(), "", test.args...)
			if got.status != exitUsage || got.out != "" || !strings.HasPrefix(got.err, test.want) {
				t.Errorf("mpreg %q: status %d, printed %q and\n%s\nwant status %d and an error that begins with\n%s",
					test.args, got.status, got.out, got.err, exitUsage, test.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"help", "call"}, {"call", "--help"}, {"run", "-h"}, {"peers", "--help"}, {"functions", "--help"}, {"describe", "--help"}, {"status", "--help"}, {"serve", "--help"}} {
		got := execute(t.Context(), "", args...)
		if got.status != exitOK || !strings.HasPrefix(got.out, "Usage: mpreg") || got.err != "" {
			t.Errorf("mpreg %q: %+v", args, got)
		}
	}
}

// brokenPipe is a reader that has gone away.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
