package mpregtest_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestOptions: they are asked for each node, again at each restart, and what is
// given twice adds up.
func TestOptions(t *testing.T) {
	var setups, configs, servers []int
	var peers [][]string
	c := mpregtest.NewCluster(t, 3, nil, mpregtest.NoWait(),
		mpregtest.Setup(func(i int, s *mpreg.Server) error {
			setups = append(setups, i)
			if i != 1 {
				return nil
			}
			return s.Register("one", func() int { return 1 })
		}),
		mpregtest.Setup(functions),
		mpregtest.Config(func(i int, cfg *mpreg.Config) {
			configs = append(configs, i)
			peers = append(peers, cfg.Peers)
			cfg.Peers = nil
		}),
		mpregtest.Config(func(i int, cfg *mpreg.Config) {
			if i == 2 {
				cfg.Name += "-renamed"
				cfg.Resources = []string{"gpu"}
			}
		}),
		mpregtest.ServerOptions(func(i int) []mpreg.ServerOption {
			servers = append(servers, i)
			return []mpreg.ServerOption{mpreg.WithObserver(func(context.Context, mpreg.Event) {})}
		}),
		mpregtest.ServerOptions(func(i int) []mpreg.ServerOption {
			if i != 0 {
				return nil
			}
			return []mpreg.ServerOption{mpreg.WithAuthorizer(func(context.Context, *mpreg.Invocation) error { return errors.New("no") })}
		}),
	)
	c.Node(1).Kill()
	c.Node(1).Restart()
	for what, got := range map[string][]int{"Setup": setups, "Config": configs, "ServerOptions": servers} {
		if diff := cmp.Diff([]int{0, 1, 2, 1}, got); diff != "" {
			t.Errorf("%s was called for other nodes (-want +got):\n%s", what, diff)
		}
	}
	want := [][]string{{"ws://node-1", "ws://node-2"}, {"ws://node-0", "ws://node-2"}, {"ws://node-0", "ws://node-1"}, {"ws://node-0", "ws://node-2"}}
	if diff := cmp.Diff(want, peers); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
	if got, err := mpreg.Call[int](t.Context(), c.Node(1).Client(), "one"); got != 1 || err != nil {
		t.Errorf("what Setup registered: %d, %v", got, err)
	}
	if n := c.Node(2); n.Name() != "node-2-renamed" || n.URL() != "ws://node-2" || !cmp.Equal(n.Server().Resources(), []string{"gpu"}) {
		t.Errorf("what Config changed: %q, %q, %q", n.Name(), n.URL(), n.Server().Resources())
	}
	where(t, c.Node(2).Client(mpreg.At("gpu")), "node-2-renamed")
	if _, err := c.Node(0).Client().Call(t.Context(), "where"); !errors.Is(err, mpreg.PermissionDenied) {
		t.Errorf("what ServerOptions added: %v", err)
	}
}

// TestBadOptions: the test is told what is wrong, of which node, and nothing is left
// behind.
func TestBadOptions(t *testing.T) {
	for name, row := range map[string]struct {
		n    int
		opt  mpregtest.Option
		want []string
	}{
		"no node": {0, nil, []string{"0 nodes"}},
		"setup": {2, mpregtest.Setup(func(i int, _ *mpreg.Server) error {
			if i == 1 {
				return errors.New("no disk")
			}
			return nil
		}), []string{"node-1", "no disk"}},
		"config": {1, mpregtest.Config(func(_ int, cfg *mpreg.Config) { cfg.Port = -1 }), []string{"node-0", "Config.Port"}},
		"options": {1, mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
			return []mpreg.ServerOption{mpreg.WithMount("ws://elsewhere")}
		}), []string{"node-0", "WithMount"}},
	} {
		t.Run(name, func(t *testing.T) {
			recorded(t, func(tb testing.TB) { mpregtest.NewCluster(tb, row.n, row.opt) }).says(t, row.want...)
		})
	}
	t.Run("restart", func(t *testing.T) {
		starts := 0
		recorded(t, func(tb testing.TB) {
			n := mpregtest.NewCluster(tb, 1, mpregtest.Setup(func(int, *mpreg.Server) error {
				if starts++; starts > 1 {
					return errors.New("disk full")
				}
				return nil
			})).Node(0)
			must(tb, n.Stop())
			n.Restart()
		}).says(t, "restarting node-0", "disk full")
	})
}

// TestWaitTellsWho: of nodes that don't find each other, who does not know whom.
func TestWaitTellsWho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		recorded(t, func(tb testing.TB) {
			c := mpregtest.NewCluster(tb, 3, alone()...)
			c.Node(1).Kill()
			c.WaitConverged()
		}).says(t, "after 1m0s", "\n  node-0 does not know node-2\n  node-2 does not know node-0")
		if took := time.Since(start); took != time.Minute {
			t.Errorf("it took %v of fake time", took)
		}
		recorded(t, func(tb testing.TB) {
			mpregtest.NewCluster(tb, 6, mpregtest.Config(func(_ int, cfg *mpreg.Config) { cfg.Peers = nil }))
		}).says(t, "node-0 does not know node-1", "and 10 more")
	})
}

// TestWaitForNobody: one node, and none, agree.
func TestWaitForNobody(t *testing.T) {
	c := mpregtest.NewCluster(t, 2, alone()...)
	c.Node(0).Kill()
	c.WaitConverged()
	must(t, c.Node(1).Stop())
	c.WaitConverged()
}

// TestRestless: a node that can't come to rest fails the test.
func TestRestless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		recorded(t, func(tb testing.TB) {
			started := make(chan struct{})
			c := mpregtest.NewCluster(tb, 1, alone(quiet(), mpregtest.Setup(func(_ int, s *mpreg.Server) error {
				return s.Register("stubborn", func() { close(started); <-release })
			}))...)
			go c.Node(0).Server().Client().Call(tb.Context(), "stubborn")
			<-started
		}).says(t, "node-0 did not come to rest at the test's end")
		close(release)
	})
}

// TestDial: whoever speaks websocket gets in, and a real network is not touched.
func TestDial(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 1)
		dialer := websocket.Dialer{NetDialContext: c.Dial}
		ws, response, err := dialer.DialContext(t.Context(), "ws://node-0:1234/any/path", nil)
		must(t, err)
		response.Body.Close()
		defer ws.Close()
		must(t, ws.WriteMessage(websocket.TextMessage, []byte(`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"echo","args":[7]}]}`)))
		_, message, err := ws.ReadMessage()
		must(t, err)
		if got, want := string(message), `{"role":"rpc-response","u":"1","r":{"a":7},"error":null}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if _, err := c.Client().Call(t.Context(), "mpreg.status"); err != nil {
			t.Error(err)
		}
		if _, err := c.Dial(t.Context(), "tcp", "localhost:80"); err == nil {
			t.Error("there is a localhost")
		}
		c.Node(0).Kill()
		if _, _, err := ws.ReadMessage(); err == nil {
			t.Error("the connection outlived its node")
		}
	})
}

// TestClientOptions: those that are given come on top of the cluster's.
func TestClientOptions(t *testing.T) {
	c := mpregtest.NewCluster(t, 1, alone(quiet())...)
	calls := 0
	count := mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			calls++
			return next(ctx, inv)
		}
	})
	for _, client := range []*mpreg.Client{c.Client(count), c.Node(0).Client(count, mpreg.WithLogger(slog.New(slog.DiscardHandler)))} {
		if _, err := client.Call(t.Context(), "echo", 1); err != nil {
			t.Error(err)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls passed the interceptor", calls)
	}
}

// TestClientsAreClosed: when the test ends.
func TestClientsAreClosed(t *testing.T) {
	var client *mpreg.Client
	r := recorded(t, func(tb testing.TB) { client = mpregtest.NewCluster(tb, 1).Client() })
	if _, err := client.Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.ErrClosed) || len(r.reports) != 0 {
		t.Errorf("got %v; reports: %q", err, r.reports)
	}
}
