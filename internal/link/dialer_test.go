package link_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/link"
)

var errRefused = errors.New("refused")

// network is what a Dialer under test dials: each URL works or not.
type network struct {
	t     *testing.T
	hosts map[string]*host
	start time.Time

	mu    sync.Mutex
	down  map[string]bool
	hang  map[string]bool
	dials []string // what was dialed, and when
}

func newNetwork(t *testing.T, urls ...string) *network {
	n := &network{t: t, hosts: map[string]*host{}, start: time.Now(), down: map[string]bool{}, hang: map[string]bool{}}
	for _, url := range urls {
		n.hosts[url] = newHost(t, link.Config{PingInterval: -1}, true)
	}
	return n
}

func (n *network) set(m map[string]bool, url string, v bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m[url] = v
}

func (n *network) dial(ctx context.Context, url string) (*link.Link, error) {
	n.mu.Lock()
	n.dials = append(n.dials, fmt.Sprintf("%s at %v", url, time.Since(n.start)))
	down, hang := n.down[url], n.hang[url]
	n.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, fmt.Errorf("%s: %w", url, ctx.Err())
	}
	if down {
		return nil, fmt.Errorf("%s: %w", url, errRefused)
	}
	server, client := n.hosts[url].link(n.t, link.Config{PingInterval: -1})
	serve(n.t, server, newInbox())
	return client, nil
}

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.dials)
}

func (n *network) dialer(urls ...string) *link.Dialer {
	d := link.NewDialer(link.DialerConfig{
		URLs: urls, Dial: n.dial,
		Serve: func(l *link.Link) error { return l.Serve(newInbox()) },
	})
	n.t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDialerIsLazy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a")
		d := n.dialer("ws://a")
		<-time.After(time.Minute)
		if got := n.count(); got != 0 {
			t.Fatalf("%d dials before anyone asked", got)
		}
		var callers sync.WaitGroup
		links := make([]*link.Link, 20)
		for i := range links {
			callers.Go(func() {
				l, err := d.Link(t.Context())
				if err != nil {
					t.Error(err)
				}
				links[i] = l
			})
		}
		callers.Wait()
		for _, l := range links {
			if l != links[0] || l == nil {
				t.Fatal("callers got different links")
			}
		}
		if got := n.count(); got != 1 {
			t.Errorf("%d dials for one link", got)
		}
		if err := d.Ready(t.Context()); err != nil {
			t.Errorf("Ready: %v", err)
		}
	})
}

func TestDialerTakesTheFirstThatWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a", "ws://b", "ws://c", "ws://d")
		n.set(n.down, "ws://a", true)
		n.set(n.hang, "ws://b", true)
		d := n.dialer("ws://a", "ws://b", "ws://c", "ws://d")
		if _, err := d.Link(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"ws://a at 0s", "ws://b at 0s", "ws://c at 5s"}
		if diff := cmp.Diff(want, n.dials); diff != "" {
			t.Errorf("want -, dialed +:\n%s", diff)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestDialerMovesOn checks that after a loss the other URLs come first, and the first of
// them at once, but that two that drop each link are not tried in turns at full speed.
func TestDialerMovesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a", "ws://b", "ws://c")
		n.set(n.down, "ws://b", true)
		d := n.dialer("ws://a", "ws://b", "ws://c")
		for range 3 { // each link lasts
			l, err := d.Link(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Minute)
			l.Abort(nil)
			synctest.Wait()
		}
		want := []string{"ws://a at 0s", "ws://b at 1m0s", "ws://c at 1m0s", "ws://a at 2m0s", "ws://b at 3m0s", "ws://c at 3m0s"}
		if diff := cmp.Diff(want, n.dials); diff != "" {
			t.Errorf("want -, dialed +:\n%s", diff)
		}
		for time.Since(n.start) < 8*time.Minute {
			if l, err := d.Link(t.Context()); err == nil {
				l.Abort(nil)
			}
			<-time.After(10 * time.Millisecond)
		}
		if got := n.count(); got > 300 {
			t.Errorf("%d dials in 5 minutes", got)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestDialerNext checks that it returns no link that its caller gave up, and that it waits for one
// attempt, but not for a second.
func TestDialerNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a", "ws://b")
		leave := make(chan struct{}, 1)
		d := link.NewDialer(link.DialerConfig{
			URLs: []string{"ws://a", "ws://b"}, Dial: n.dial,
			Serve: func(*link.Link) error { <-leave; return errors.New("given up") },
		})
		first, err := d.Next(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := d.Next(t.Context(), nil); err != nil || again != first {
			t.Errorf("Next: %p, %v, want the link that there is", again, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := d.Next(ctx, first); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next while the link is served: %v", err)
		}
		leave <- struct{}{}
		second, err := d.Next(t.Context(), first)
		if err != nil || second == first {
			t.Errorf("Next: %p, %v, want another than %p", second, err, first)
		}
		n.set(n.down, "ws://a", true)
		n.set(n.down, "ws://b", true)
		leave <- struct{}{}
		for i := range 5 {
			dials := n.count()
			if _, err := d.Next(t.Context(), second); !errors.Is(err, errRefused) {
				t.Errorf("Next: %v", err)
			}
			if got := n.count() - dials; got != 2 {
				t.Errorf("Next %d waited for %d dials, want one of each URL", i, got)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if _, err := d.Next(t.Context(), second); !errors.Is(err, link.ErrClosed) {
			t.Errorf("Next after Close: %v", err)
		}
	})
}

func TestDialerFailsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a")
		n.set(n.down, "ws://a", true)
		d := n.dialer("ws://a")
		text := regexp.MustCompile(`^no link: next attempt in \d+(\.\d+)?m?s: ws://a: refused$`)
		failed := 0
		for n.count() < 30 {
			start := time.Now()
			_, err := d.Link(t.Context())
			if !errors.Is(err, link.ErrUnavailable) || !errors.Is(err, errRefused) || !text.MatchString(err.Error()) {
				t.Fatalf("Link: %v", err)
			}
			if d := time.Since(start); d != 0 {
				t.Fatalf("Link took %v to fail", d)
			}
			failed++
			<-time.After(100 * time.Millisecond)
		}
		// Of 30 attempts the delays' mean is 5 s at the end: far fewer attempts than calls.
		if failed < 300 {
			t.Errorf("30 attempts within %d calls, 100ms apart: no backoff", failed)
		}
	})
}

// TestDialerDelays checks that delays are within the bounds of full jitter: attempt n
// comes at most 250 ms · 2^n, and never more than 10 s, after the one before.
func TestDialerDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		attempts := make(chan struct{}, 40)
		d := link.NewDialer(link.DialerConfig{
			URLs: []string{"ws://a"},
			Dial: func(context.Context, string) (*link.Link, error) {
				at = append(at, time.Now())
				attempts <- struct{}{}
				return nil, errRefused
			},
			Serve: func(*link.Link) error { return nil },
		})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err := d.Ready(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errRefused) {
			t.Errorf("Ready: %v, want the deadline and the last error", err)
		}
		for len(attempts) < 20 {
			<-time.After(time.Second)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		var longest time.Duration
		for i := range len(at) - 1 {
			delay, most := at[i+1].Sub(at[i]), min(250*time.Millisecond<<i, 10*time.Second)
			if delay > most {
				t.Errorf("delay %d is %v, want at most %v", i, delay, most)
			}
			longest = max(longest, delay)
		}
		if longest < time.Second {
			t.Errorf("the longest of %d delays is %v: no backoff", len(at)-1, longest)
		}
	})
}

func TestDialerReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a")
		d := n.dialer("ws://a")
		first, err := d.Link(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		lost := time.Now()
		first.Abort(errors.New("cable cut"))
		second, err := d.Link(t.Context())
		if err != nil || second == first {
			t.Fatalf("Link after a loss: %p (was %p), %v", second, first, err)
		}
		// The last attempt was a minute ago, so a call starts one at once.
		if d := time.Since(lost); d != 0 {
			t.Errorf("reconnected after %v", d)
		}

		// Without a call the Dialer comes back by itself, within the first delay.
		<-time.After(time.Minute)
		second.Abort(nil)
		<-time.After(250 * time.Millisecond)
		synctest.Wait()
		if got := n.count(); got != 3 {
			t.Errorf("%d dials, want 3", got)
		}
	})
}

// TestDialerFlapping checks that links that do not last are not made at full speed.
func TestDialerFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a")
		d := n.dialer("ws://a")
		for time.Since(n.start) < 5*time.Minute {
			if l, err := d.Link(t.Context()); err == nil {
				l.Abort(nil)
			}
			<-time.After(10 * time.Millisecond)
		}
		// The mean delay is 5 s; more than 150 attempts in 5 min are all but impossible.
		if got := n.count(); got < 20 || got > 150 {
			t.Errorf("%d dials in 5 minutes", got)
		}
	})
}

func TestDialerReadyOutlastsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a")
		n.set(n.down, "ws://a", true)
		d := n.dialer("ws://a")
		time.AfterFunc(3*time.Minute, func() { n.set(n.down, "ws://a", false) })
		if err := d.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(n.start); waited < 3*time.Minute || waited > 3*time.Minute+10*time.Second {
			t.Errorf("ready after %v", waited)
		}
	})
}

func TestDialerLinkHeedsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a")
		n.set(n.hang, "ws://a", true)
		d := n.dialer("ws://a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.Link(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Link: %v", err)
		}
		if err := d.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ready: %v", err)
		}
		if waited := time.Since(n.start); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestDialerClose(t *testing.T) {
	prepare := map[string]func(*testing.T, *network, *link.Dialer){
		"unused": func(*testing.T, *network, *link.Dialer) {},
		"connected": func(t *testing.T, _ *network, d *link.Dialer) {
			if err := d.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"dialing": func(t *testing.T, n *network, d *link.Dialer) {
			n.set(n.hang, "ws://a", true)
			go func() {
				if _, err := d.Link(t.Context()); !errors.Is(err, link.ErrClosed) {
					t.Errorf("waiting Link: %v, want ErrClosed", err)
				}
			}()
			synctest.Wait()
		},
		"waiting": func(t *testing.T, n *network, d *link.Dialer) {
			n.set(n.down, "ws://a", true)
			go func() {
				if err := d.Ready(t.Context()); !errors.Is(err, link.ErrClosed) {
					t.Errorf("waiting Ready: %v, want ErrClosed", err)
				}
			}()
			synctest.Wait()
		},
	}
	for name, f := range prepare {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, "ws://a")
				d := n.dialer("ws://a")
				f(t, n, d)
				if err := d.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if waited := time.Since(n.start); waited != 0 {
					t.Errorf("Close took %v", waited)
				}
				dials := n.count()
				if _, err := d.Link(t.Context()); !errors.Is(err, link.ErrClosed) {
					t.Errorf("Link after Close: %v", err)
				}
				if err := d.Ready(t.Context()); !errors.Is(err, link.ErrClosed) {
					t.Errorf("Ready after Close: %v", err)
				}
				if err := d.Close(); err != nil {
					t.Errorf("second Close: %v", err)
				}
				<-time.After(time.Minute)
				if got := n.count(); got != dials {
					t.Errorf("%d dials after Close", got-dials)
				}
			})
		})
	}
}

// TestDialerCloseBeatsDial checks that a link that comes up while the Dialer is closed is not
// left behind.
func TestDialerCloseBeatsDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, "ws://a")
		late := make(chan *link.Link, 1)
		d := link.NewDialer(link.DialerConfig{
			URLs: []string{"ws://a"},
			Dial: func(ctx context.Context, url string) (*link.Link, error) {
				<-ctx.Done() // and does not heed it
				l, err := n.dial(t.Context(), url)
				late <- l
				return l, err
			},
			Serve: func(*link.Link) error {
				t.Error("served after Close")
				return nil
			},
		})
		asked := make(chan error, 1)
		go func() {
			_, err := d.Link(t.Context())
			asked <- err
		}()
		synctest.Wait()
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-asked; !errors.Is(err, link.ErrClosed) {
			t.Errorf("Link: %v, want ErrClosed", err)
		}
		if err := (<-late).Err(); !errors.Is(err, link.ErrClosed) {
			t.Errorf("the late link: %v, want it aborted", err)
		}
	})
}

// TestDialerCloseTellsThePeer checks that the peer learns that the link was closed on purpose.
func TestDialerCloseTellsThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, link.Config{}, true)
		d := link.NewDialer(link.DialerConfig{
			URLs: []string{h.url},
			Dial: func(ctx context.Context, url string) (*link.Link, error) {
				return link.Dial(ctx, url, link.DialOptions{NetDial: h.dial}, link.Config{})
			},
			Serve: func(l *link.Link) error { return l.Serve(newInbox()) },
		})
		if _, err := d.Link(t.Context()); err != nil {
			t.Fatal(err)
		}
		ended := serve(t, <-h.links, newInbox())
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		want := &link.CloseError{Peer: "pipe", Code: link.StatusNormal, Remote: true}
		if diff := cmp.Diff(error(want), <-ended); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}
