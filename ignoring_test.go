package mpreg_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestIgnoringTheEndOfACommand: a function that ignores the end of its context is
// told of also where not the request has ended, but its own command: because another
// command failed, or was faster.
func TestIgnoringTheEndOfACommand(t *testing.T) {
	for _, row := range []struct {
		name  string
		nodes int
		call  func(cl *mpreg.Client) error
		fails bool
	}{
		{"another command failed", 1, func(cl *mpreg.Client) error {
			r := mpreg.NewRequest()
			r.Add("stubborn")
			r.Add("fails")
			_, err := cl.Do(context.Background(), r)
			return err
		}, true},
		{"another attempt was faster", 2, func(cl *mpreg.Client) error {
			_, err := cl.With(mpreg.Hedge(10*time.Millisecond)).Call(context.Background(), "stubborn")
			return err
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				c := mpregtest.NewCluster(t, row.nodes, mpregtest.Setup(func(i int, s *mpreg.Server) error {
					return errors.Join(
						s.Register("stubborn", mpreg.Func(func() {
							if i == 0 {
								<-release
							}
						}, mpreg.Idempotent())),
						s.Register("fails", func() error { testkit.Pass(time.Millisecond); return errors.New("no") }))
				}))
				if err := row.call(c.Node(0).Server().Client()); errors.Is(err, mpreg.Failed) != row.fails {
					t.Fatal(err)
				}
				testkit.Pass(3 * time.Second)
				if s := testkit.Status(t, c.Node(0).Server()); !cmp.Equal(s.Ignoring, map[string]int{"stubborn": 1}) || s.InFlight != 2 {
					t.Errorf("while it runs: ignoring %v, in flight %d", s.Ignoring, s.InFlight)
				}
				close(release)
				synctest.Wait()
				if s := testkit.Status(t, c.Node(0).Server()); s.Ignoring != nil || s.InFlight != 1 {
					t.Errorf("afterwards: ignoring %v, in flight %d", s.Ignoring, s.InFlight)
				}
			})
		})
	}
}

// TestInfoOutlivesTheCall: what a function has left behind may ask what it was called
// for while the node deals with the function's failure. The race detector sees it.
func TestInfoOutlivesTheCall(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Name: "n"})
	const calls = 20
	asked := make(chan string, calls)
	testkit.Must(t, s.Register("f", func(ctx context.Context) error {
		go func() { asked <- mpreg.InfoFromContext(ctx).Function }()
		return errors.New("no")
	}))
	for range calls {
		if _, err := s.Client().Call(t.Context(), "f"); !errors.Is(err, mpreg.Failed) {
			t.Errorf("got %v, want failed", err)
		}
	}
	for range calls {
		if got := testkit.Within(t, "what is left behind", asked); got != "f" {
			t.Errorf("it was called as %q", got)
		}
	}
}
