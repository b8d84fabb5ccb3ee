package mpreg_test

import (
	"context"
	"testing"

	"github.com/mpreg/mpreg"
)

// TestWorkerPromise: a call runs again only if each worker that it may run at
// promises that this does no harm, whatever they did when it was routed.
func TestWorkerPromise(t *testing.T) {
	const willing, unwilling = `{"fun":"f","idempotent":true}`, `{"fun":"f"}`
	t.Run("not by the one that is lost", func(t *testing.T) {
		guarded, routed, open := guard()
		s := serve(t, mpreg.Config{}, guarded)
		a := hire(t, s, willing)
		result := later(func() (mpreg.Value, error) { return connect(t, s.URL()).Call(t.Context(), "f") })
		within(t, "the call's way", routed)
		b := hire(t, s, unwilling)
		a.says(`{"what":"GOODBYE"}`, `{"role":"server-response","u":"h","r":"GONE","error":null}`)
		close(open)
		b.job()
		a.hello(willing)
		must(t, b.Close())
		maybe(t, result, true)
		a.working(s.Client(), "f") // and it is the first that comes
	})
	t.Run("not by the next", func(t *testing.T) {
		guarded, routed, open := guard()
		s := serve(t, mpreg.Config{}, guarded)
		a := hire(t, s, willing)
		result := later(func() (mpreg.Value, error) { return connect(t, s.URL()).Call(t.Context(), "f") })
		within(t, "the call's way", routed)
		close(open)
		a.job()
		b := hire(t, s, unwilling)
		must(t, a.Close())
		maybe(t, result, false)
		b.working(s.Client(), "f")
	})
	t.Run("not by the one that is lost, at another node", func(t *testing.T) {
		guarded, routed, open := guard()
		nodes := trio(t, func(int, *mpreg.Server) {}, guarded)
		a := hire(t, nodes[1], willing)
		acquainted(t, nodes[:]...)
		c := connect(t, nodes[0].URL())
		result := later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
		within(t, "the call's way", routed)
		b, other := hire(t, nodes[1], unwilling), hire(t, nodes[2], willing)
		a.says(`{"what":"GOODBYE"}`, `{"role":"server-response","u":"h","r":"GONE","error":null}`)
		acquainted(t, nodes[:]...)
		close(open)
		b.job()
		must(t, b.Close())
		maybe(t, result, true)
		other.working(nodes[2].Client(), "f")
	})
}

// guard is an interceptor whose calls of f wait until open is closed, when they have
// been routed.
func guard() (guard mpreg.Option, routed <-chan outcomeOf[struct{}], open chan<- struct{}) {
	reached, gate := make(chan outcomeOf[struct{}], 8), make(chan struct{})
	return mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			if inv.Function == "f" {
				reached <- outcomeOf[struct{}]{}
				<-gate
			}
			return next(ctx, inv)
		}
	}), reached, gate
}

// maybe fails the test unless the call may have run, and says whether who lost it
// had promised nothing.
func maybe(t *testing.T, result <-chan outcomeOf[mpreg.Value], unpromised bool) {
	t.Helper()
	e := asError(t, within(t, "the result", result).err)
	_, says := e.Details["idempotent"]
	if e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe || says != unpromised || unpromised && e.Details["idempotent"] != false {
		t.Errorf("got %v %v", e, e.Details)
	}
}

// TestWorkerRetries: of the calls of a node's workers a tenth may be tried again,
// wherever they come from. A loss that nobody else can make good takes nothing from
// that.
func TestWorkerRetries(t *testing.T) {
	const offer, losses = `{"fun":"f","idempotent":true}`, 120 // more than are saved up
	replaced := func(t *testing.T, s *mpreg.Server, c *mpreg.Client, w hand) hand {
		t.Helper()
		result := later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
		w.job()
		other := hire(t, s, offer)
		must(t, w.Close())
		other.done(other.job(), `"again"`)
		if got := within(t, "the result", result); got.value != "again" || got.err != nil {
			t.Fatalf("got %v", got)
		}
		return other
	}
	t.Run("calls from elsewhere", func(t *testing.T) {
		nodes := trio(t, func(int, *mpreg.Server) {})
		w := hire(t, nodes[1], offer)
		acquainted(t, nodes[:]...)
		c := connect(t, nodes[0].URL())
		for range losses {
			for range 10 {
				w.working(c, "f")
			}
			w = replaced(t, nodes[1], c, w)
		}
	})
	t.Run("nobody else", func(t *testing.T) {
		s := serve(t, mpreg.Config{})
		c := connect(t, s.URL())
		for range losses {
			w := hire(t, s, offer)
			result := later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
			w.job()
			must(t, w.Close())
			maybe(t, result, false)
		}
		replaced(t, s, c, hire(t, s, offer))
	})
}
