package mpreg

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/mpreg/mpreg/internal/wire"
)

// endsOnceSeen is a context that ends right after somebody has seen that it had not.
type endsOnceSeen struct {
	context.Context
	end func()
}

func (c *endsOnceSeen) Err() error {
	err := c.Context.Err()
	if err == nil {
		c.end()
	}
	return err
}

// TestWaitingIsOverOnceDenied: of a command that waits for a route, either its caller
// is told that it did not start, and then it does not, whatever arrives; or it goes on,
// and its caller is told that it may have run.
func TestWaitingIsOverOnceDenied(t *testing.T) {
	for _, row := range []struct {
		name     string
		early    bool // the context ends before the function arrives
		executed Executed
		runs     int
	}{
		{"the caller is told first", true, ExecutedNo, 0},
		{"the caller is told just before it would go on", false, ExecutedNo, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			e, runs := executing(t, 1, true)
			inner, cancel := context.WithCancel(t.Context())
			defer cancel()
			var told *Error
			ctx := context.Context(&endsOnceSeen{inner, func() { cancel(); told = e.interrupted(inner) }})
			if row.early {
				ctx = t.Context() // of the command; it ends a moment after the request's
			}
			call, err := e.newCall(ctx, &outcome{})
			if err != nil {
				t.Fatal(err)
			}
			e.starts(0)
			ended := make(chan error, 1)
			go func() {
				_, err := e.node.cluster.await(call, call, query{function: "late"})
				ended <- err
			}()
			synctest.Wait() // it waits
			if row.early {
				cancel()
				told = e.interrupted(inner)
			}
			offerLate(t, e.node, runs)
			err = <-ended
			if told == nil || told.Executed != row.executed || *runs != row.runs || (err == nil) != (row.runs == 1) {
				t.Errorf("%s: it ran %d times (%v), and its caller was told %v", row.name, *runs, err, told)
			}
		})
	}
}

// TestArrivalsWakeWhoIsConcerned: an offer of one function does not wake the calls that
// wait for another: with many that wait in vain each change would cost as many searches.
func TestArrivalsWakeWhoIsConcerned(t *testing.T) {
	for _, row := range []struct {
		name string
		tell func(a *arrivals)
		want []string
	}{
		{"one function", func(a *arrivals) { a.tell("f") }, []string{"f"}},
		{"a catalog", func(a *arrivals) { a.tellOf(offered(nil, wire.Offer{Name: "f"}, wire.Offer{Name: "g"})) }, []string{"f", "g"}},
		{"no catalog", func(a *arrivals) { a.tellOf(nil) }, nil},
		{"what nobody waits for", func(a *arrivals) { a.tell("x") }, nil},
		{"all", func(a *arrivals) { a.tellAll() }, []string{"f", "g", "h"}},
	} {
		var a arrivals
		a.join()
		changes := map[string]<-chan struct{}{}
		for _, function := range []string{"f", "g", "h"} {
			changes[function] = a.change(function)
		}
		row.tell(&a)
		var woken []string
		for function, change := range changes {
			select {
			case <-change:
				woken = append(woken, function)
			default:
			}
		}
		slices.Sort(woken)
		if !slices.Equal(woken, row.want) {
			t.Errorf("%s: woke %q, want %q", row.name, woken, row.want)
		}
	}
}
