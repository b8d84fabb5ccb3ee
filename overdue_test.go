package mpreg_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

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
			var log testkit.Journal
			c := mpregtest.NewCluster(t, 1, mpregtest.Setup(func(_ int, s *mpreg.Server) error {
				return errors.Join(s.Register("stubborn", func() { <-release }), s.Register("heeds", heed))
			}), mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
				return []mpreg.ServerOption{mpreg.WithLogger(log.Logger())}
			}))
			cl := client(c.Node(0)).With(mpreg.Timeout(time.Second))
			for _, fn := range []string{"stubborn", "heeds", "stubborn"} {
				if _, err := cl.Call(t.Context(), fn); !errors.Is(err, mpreg.DeadlineExceeded) {
					t.Errorf("%s: %s: %v", way, fn, err)
				}
			}
			testkit.Pass(2 * time.Second)
			synctest.Wait()
			const message = "function ignores the end of its context"
			s := testkit.Status(t, c.Node(0).Server())
			told := strings.Contains(strings.Join(log.Take(), "\n"), message)
			if diff := cmp.Diff(map[string]int{"stubborn": 2}, s.Ignoring); diff != "" || s.InFlight != 3 || !told {
				t.Errorf("%s: %d in flight; told: %v; ignoring (-want +got):\n%s", way, s.InFlight, told, diff)
			}
			close(release)
			synctest.Wait()
			if s := testkit.Status(t, c.Node(0).Server()); s.Ignoring != nil || s.InFlight != 1 {
				t.Errorf("%s: afterwards %+v", way, s)
			}
		})
	}
}

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
