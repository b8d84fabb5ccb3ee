package mpregtest_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everywhere runs f as a test in a synctest bubble and as one in real time.
func everywhere(t *testing.T, f func(t *testing.T)) {
	t.Run("bubble", func(t *testing.T) { synctest.Test(t, f) })
	t.Run("real", f)
}

// functions registers what most tests call.
func functions(_ int, s *mpreg.Server) error {
	return s.Register("where", s.Name)
}

// alone is for the nodes of tests that are not about a cluster.
func alone(opts ...mpregtest.Option) []mpregtest.Option {
	return append(opts, mpregtest.NoWait(), mpregtest.Config(func(_ int, cfg *mpreg.Config) { cfg.Peers = nil }))
}

// quiet is for tests that provoke what a node complains about.
func quiet() mpregtest.Option {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	return mpregtest.ServerOptions(func(int) []mpreg.ServerOption { return []mpreg.ServerOption{mpreg.WithLogger(logger)} })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// where fails the test unless a call of that client is answered by one of these
// nodes.
func where(t testing.TB, c *mpreg.Client, nodes ...string) {
	t.Helper()
	got, err := mpreg.Call[string](t.Context(), c, "where")
	if err != nil || !slices.Contains(nodes, got) {
		t.Errorf("answered by %q, %v; want one of %q", got, err, nodes)
	}
}

// record is a test that is expected to fail: it keeps what it is told.
type record struct {
	testing.TB
	mu       sync.Mutex
	reports  []string
	cleanups []func()
	output   bytes.Buffer
}

// recorded runs f and its cleanups as a test of its own, and returns what they
// reported.
func recorded(t testing.TB, f func(t testing.TB)) *record {
	r := &record{TB: t}
	for next := func() { f(r) }; next != nil; next = r.cleanup() {
		done := make(chan struct{})
		go func() { // which Fatalf can end
			defer close(done)
			next()
		}()
		<-done
	}
	return r
}

func (r *record) Helper()           {}
func (r *record) Output() io.Writer { return r }

func (r *record) Write(log []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.Write(log)
}

func (r *record) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

func (r *record) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *record) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

// cleanup returns what is to be called next, nil if nothing.
func (r *record) cleanup() func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cleanups) == 0 {
		return nil
	}
	last := len(r.cleanups) - 1
	f := r.cleanups[last]
	r.cleanups = r.cleanups[:last]
	return f
}

// says fails the test unless exactly one thing was reported, with these words.
func (r *record) says(t testing.TB, words ...string) {
	t.Helper()
	if len(r.reports) != 1 {
		t.Fatalf("%d reports, want one with %q: %q", len(r.reports), words, r.reports)
	}
	for _, w := range words {
		if !strings.Contains(r.reports[0], w) {
			t.Errorf("the report does not say %q:\n%s", w, r.reports[0])
		}
	}
}
