package protocoltest_test

import (
	"context"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestWorkerPromise: a call runs again only if each worker that it may run at
// promises that this does no harm, whatever they did when it was routed.
func TestWorkerPromise(t *testing.T) {
	const willing, unwilling = `{"fun":"f","idempotent":true}`, `{"fun":"f"}`
	t.Run("not by the one that is lost", func(t *testing.T) {
		guarded, routed, open := guard()
		s := testkit.Serve(t, mpreg.Config{}, guarded)
		a := hire(t, s, willing)
		result := testkit.Later(func() (mpreg.Value, error) { return testkit.Connect(t, s.URL()).Call(t.Context(), "f") })
		testkit.Within(t, "the call's way", routed)
		b := hire(t, s, unwilling)
		a.says(`{"what":"GOODBYE"}`, `{"role":"server-response","u":"h","r":"GONE","error":null}`)
		close(open)
		b.job()
		a.hello(willing)
		testkit.Must(t, b.Close())
		maybe(t, result, true)
		a.working(s.Client(), "f") // and it is the first that comes
	})
	t.Run("not by the next", func(t *testing.T) {
		guarded, routed, open := guard()
		s := testkit.Serve(t, mpreg.Config{}, guarded)
		a := hire(t, s, willing)
		result := testkit.Later(func() (mpreg.Value, error) { return testkit.Connect(t, s.URL()).Call(t.Context(), "f") })
		testkit.Within(t, "the call's way", routed)
		close(open)
		a.job()
		b := hire(t, s, unwilling)
		testkit.Must(t, a.Close())
		maybe(t, result, false)
		b.working(s.Client(), "f")
	})
	t.Run("not by the one that is lost, at another node", func(t *testing.T) {
		guarded, routed, open := guard()
		nodes := testkit.Trio(t, func(int, *mpreg.Server) {}, guarded)
		a := hire(t, nodes[1], willing)
		testkit.Acquainted(t, nodes[:]...)
		c := testkit.Connect(t, nodes[0].URL())
		result := testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
		testkit.Within(t, "the call's way", routed)
		b, other := hire(t, nodes[1], unwilling), hire(t, nodes[2], willing)
		a.says(`{"what":"GOODBYE"}`, `{"role":"server-response","u":"h","r":"GONE","error":null}`)
		testkit.Acquainted(t, nodes[:]...)
		close(open)
		b.job()
		testkit.Must(t, b.Close())
		maybe(t, result, true)
		other.working(nodes[2].Client(), "f")
	})
}

// guard is an interceptor whose calls of f wait until open is closed, when they have
// been routed.
func guard() (guard mpreg.Option, routed <-chan testkit.Outcome[struct{}], open chan<- struct{}) {
	reached, gate := make(chan testkit.Outcome[struct{}], 8), make(chan struct{})
	return mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			if inv.Function == "f" {
				reached <- testkit.Outcome[struct{}]{}
				<-gate
			}
			return next(ctx, inv)
		}
	}), reached, gate
}

// maybe fails the test unless the call may have run, and says whether who lost it
// had promised nothing.
func maybe(t *testing.T, result <-chan testkit.Outcome[mpreg.Value], unpromised bool) {
	t.Helper()
	e := testkit.AsError(t, testkit.Within(t, "the result", result).Err)
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
		result := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
		w.job()
		other := hire(t, s, offer)
		testkit.Must(t, w.Close())
		other.done(other.job(), `"again"`)
		if got := testkit.Within(t, "the result", result); got.Value != "again" || got.Err != nil {
			t.Fatalf("got %v", got)
		}
		return other
	}
	t.Run("calls from elsewhere", func(t *testing.T) {
		nodes := testkit.Trio(t, func(int, *mpreg.Server) {})
		w := hire(t, nodes[1], offer)
		testkit.Acquainted(t, nodes[:]...)
		c := testkit.Connect(t, nodes[0].URL())
		for range losses {
			for range 10 {
				w.working(c, "f")
			}
			w = replaced(t, nodes[1], c, w)
		}
	})
	t.Run("nobody else", func(t *testing.T) {
		s := testkit.Serve(t, mpreg.Config{})
		c := testkit.Connect(t, s.URL())
		for range losses {
			w := hire(t, s, offer)
			result := testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
			w.job()
			testkit.Must(t, w.Close())
			maybe(t, result, false)
		}
		replaced(t, s, c, hire(t, s, offer))
	})
}
