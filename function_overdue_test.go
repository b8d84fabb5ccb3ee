package mpreg_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// warnings are the messages that a node has logged above info.
type warnings struct {
	slog.Handler
	mu   sync.Mutex
	told []string
}

func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	if r.Level > slog.LevelInfo {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, r.Message)
	}
	return nil
}

func (w *warnings) Enabled(context.Context, slog.Level) bool { return true }
func (w *warnings) WithAttrs([]slog.Attr) slog.Handler       { return w }
func (w *warnings) WithGroup(string) slog.Handler            { return w }
func (w *warnings) has(message string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.told, message)
}

func heed(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestFunctionIgnoresContext: a call whose function ignores that its context has
// ended is answered, but it counts as running, and the node tells of it, until
// the function has returned; whoever called it, and however.
func TestFunctionIgnoresContext(t *testing.T) {
	for way, client := range map[string]func(n *mpregtest.Node) *mpreg.Client{
		"within the node": func(n *mpregtest.Node) *mpreg.Client { return n.Server().Client() },
		"over a link":     func(n *mpregtest.Node) *mpreg.Client { return n.Client() },
	} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			log := new(warnings)
			c := mpregtest.NewCluster(t, 1, mpregtest.Setup(func(_ int, s *mpreg.Server) error {
				return errors.Join(s.Register("stubborn", func() { <-release }), s.Register("heeds", heed))
			}), mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
				return []mpreg.ServerOption{mpreg.WithLogger(slog.New(log))}
			}))
			status := func() mpreg.Status {
				s, err := mpreg.Call[mpreg.Status](t.Context(), c.Node(0).Server().Client(), "mpreg.status")
				testkit.Must(t, err)
				return s
			}
			cl := client(c.Node(0)).With(mpreg.Timeout(time.Second))
			for _, fn := range []string{"stubborn", "heeds", "stubborn"} {
				if _, err := cl.Call(t.Context(), fn); !errors.Is(err, mpreg.DeadlineExceeded) {
					t.Errorf("%s: %s: %v", way, fn, err)
				}
			}
			<-time.After(2 * time.Second)
			synctest.Wait()
			const message = "function ignores the end of its context"
			s := status()
			if diff := cmp.Diff(map[string]int{"stubborn": 2}, s.Ignoring); diff != "" || s.InFlight != 3 || !log.has(message) {
				t.Errorf("%s: %d in flight; told: %v; ignoring (-want +got):\n%s", way, s.InFlight, log.has(message), diff)
			}
			close(release)
			synctest.Wait()
			if s := status(); s.Ignoring != nil || s.InFlight != 1 {
				t.Errorf("%s: afterwards %+v", way, s)
			}
		})
	}
}
