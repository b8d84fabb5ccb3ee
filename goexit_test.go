package mpreg_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestGoexitEvents: observers see a function that ends its goroutine, as t.Fatal does,
// start and fail: a gauge of what runs would never come down otherwise.
func TestGoexitEvents(t *testing.T) {
	for name, commands := range map[string]int{"alone": 1, "with another": 2} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got []mpreg.EventKind
			ended := make(chan struct{}, 1)
			s := testkit.Serve(t, mpreg.Config{}, mpreg.WithObserver(func(_ context.Context, e mpreg.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == mpreg.RequestEnded {
					ended <- struct{}{}
				} else if e.Function == "exit" {
					got = append(got, e.Kind)
				}
			}))
			testkit.Must(t, s.Register("exit", runtime.Goexit))
			r := mpreg.NewRequest()
			r.Add("exit")
			if commands > 1 {
				r.Add("echo", 1)
			}
			if _, err := testkit.Connect(t, s.URL()).Do(t.Context(), r); !errors.Is(err, mpreg.Internal) || testkit.AsError(t, err).Executed != mpreg.ExecutedYes {
				t.Errorf("got %v, want internal, executed", err)
			}
			testkit.Within(t, "the end of the request", ended)
			mu.Lock()
			defer mu.Unlock()
			want := []mpreg.EventKind{mpreg.CommandStarted, mpreg.CommandFailed}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGoexitIsPlaced: the error says which command ended its goroutine, also where it
// took the request's own goroutine with it.
func TestGoexitIsPlaced(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("exit", func(...mpreg.Value) { runtime.Goexit() }))
	for name, cmds := range map[string]string{
		"alone":        `{"name":"x","fun":"exit"}`,
		"in a chain":   `{"name":"a","fun":"echo","args":[1]},{"name":"x","fun":"exit","args":["a"]},{"name":"z","fun":"echo","args":["x"]}`,
		"with another": `{"name":"a","fun":"echo","args":[1]},{"name":"x","fun":"exit"}`,
	} {
		t.Run(name, func(t *testing.T) {
			ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
			ws.Send(testkit.Request(cmds))
			a := ws.Receive()
			if a.Error == nil || a.Error.Code != int(mpreg.Internal) || a.Error.Details["command"] != "x" || a.Error.Details["function"] != "exit" {
				t.Errorf("got %s", a.Text)
			}
			ws.Alive()
		})
	}
}

// TestGoexit: a function that ends its goroutine leaves nobody waiting.
func TestGoexit(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("exit", runtime.Goexit))
	for name, c := range map[string]*mpreg.Client{"socket": testkit.Connect(t, s.URL()), "node": s.Client()} {
		for _, commands := range []int{1, 2, 3} {
			r := mpreg.NewRequest()
			for range commands {
				r.Add("exit")
			}
			if _, err := c.Do(t.Context(), r); !errors.Is(err, mpreg.Internal) {
				t.Errorf("%s, %d commands: %v", name, commands, err)
			}
		}
		chain := mpreg.NewRequest()
		chain.Add("exit", chain.Add("echo", 1))
		if _, err := c.Do(t.Context(), chain); err == nil {
			t.Errorf("%s, chain: no error", name)
		}
	}
}
