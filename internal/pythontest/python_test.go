package pythontest_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mpreg/mpreg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a script may take: it is there for scripts that hang.
const patience = 2 * time.Minute

// python is an interpreter, and the websocket that its scripts use.
type python struct {
	name        string
	interpreter string
	socket      string
}

// pythons are those that there are: of websockets, where some Python has it, and of
// the standard library. A test without any is skipped, unless it is required.
func pythons(t *testing.T) []python {
	t.Helper()
	var first string
	var list []python
	for _, candidate := range []string{"/usr/bin/python3", "python3"} {
		path, err := exec.LookPath(candidate)
		if err != nil || exec.CommandContext(t.Context(), path, "-c", "import asyncio").Run() != nil {
			continue
		}
		if first == "" {
			first = path
		}
		if len(list) == 0 && exec.CommandContext(t.Context(), path, "-c", "import websockets").Run() == nil {
			list = append(list, python{"websockets", path, "websockets"})
		}
	}
	switch required := os.Getenv("MPREG_TEST_PYTHON") == "require"; {
	case required && len(list) == 0:
		t.Fatal("MPREG_TEST_PYTHON=require wants a python3 with websockets, and there is none")
	case first == "":
		t.Skip("there is no python3")
	}
	return append(list, python{"standard library", first, "stdlib"})
}

// script prepares a script of testdata, which ends with the test if not before.
func (p python) script(t *testing.T, name string, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, p.interpreter, append([]string{"-B", filepath.Join("testdata", name)}, args...)...)
	cmd.Env = append(os.Environ(), "MPREG_SOCKET="+p.socket)
	cmd.WaitDelay = 10 * time.Second
	stderr = new(bytes.Buffer)
	cmd.Stderr = stderr
	return cmd, stderr
}

// node serves until the test ends.
func node(t *testing.T, setup func(*mpreg.Server) error) *mpreg.Server {
	t.Helper()
	s, err := mpreg.NewServer(mpreg.Config{Name: "python-test"}, mpreg.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	if err := errors.Join(s.Ready(t.Context()), setup(s)); err != nil {
		t.Fatal(err)
	}
	return s
}

type trainOptions struct {
	LR     float64 `json:"lr"`
	Epochs int     `json:"epochs"`
}

func functions(s *mpreg.Server) error {
	train := func(data string, o trainOptions) map[string]any {
		return map[string]any{"data": data, "lr": o.LR, "epochs": o.Epochs}
	}
	block := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	header := func(ctx context.Context, key string) string { return mpreg.InfoFromContext(ctx).Headers[key] }
	count := func(n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	}
	return errors.Join(
		s.Register("add", func(a, b int) int { return a + b }),
		s.Register("train", train),
		s.Register("boom", func(any) error { return errors.New("boom") }),
		s.Register("block", block),
		s.Register("header", header),
		s.Register("count", count),
		s.Register("where", func() string { return "gpu" }, "gpu"),
		s.Register("where", func() string { return "gpu v2" }, "gpu", "v2"))
}

// checks are those of caller.py, so that none is left out.
var checks = strings.Fields(`a_call a_chain keywords nested_names dotted_names explicit_references locs numbers reports errors
	malformed_messages kinds_of_messages requests_overtake cancel timeout headers
	auth_where_none_is_asked_for a_stream events`)

func TestCaller(t *testing.T) {
	for _, p := range pythons(t) {
		t.Run(p.name, func(t *testing.T) {
			cmd, stderr := p.script(t, "caller.py", node(t, functions).URL())
			out, err := cmd.Output()
			passed := strings.Fields(string(out))
			if err != nil || strings.Join(passed, " ") != strings.Join(checks, " ") {
				t.Errorf("%v, after %q\n%s", err, passed, stderr)
			}
		})
	}
}
