package protocoltest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestWorkersShare: a call goes to the worker that has the fewest, whatever they
// are calls of.
func TestWorkersShare(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	a := hire(t, s, `{"fun":"f"},{"fun":"g"}`)
	b := hire(t, s, `{"fun":"f"}`)
	c := testkit.Connect(t, s.URL())
	var jobs []job
	var results []<-chan testkit.Outcome[string]
	call := func(fn string, to hand) {
		t.Helper()
		result := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, fn) })
		jobs, results = append(jobs, to.job()), append(results, result)
	}
	call("g", a)
	call("g", a)
	call("f", b)
	call("f", b)
	a.done(jobs[0], `"0"`)
	testkit.Within(t, "the result", results[0])
	call("f", a)
	for i, to := range map[int]hand{1: a, 2: b, 3: b, 4: a} {
		to.done(jobs[i], fmt.Sprintf(`"%d"`, i))
		if got := testkit.Within(t, "the result", results[i]); got.Value != fmt.Sprint(i) || got.Err != nil {
			t.Errorf("call %d: %v", i, got)
		}
	}
	// Equals take turns.
	for range 4 {
		first := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
		second := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
		a.done(a.job(), `"well"`)
		b.done(b.job(), `"well"`)
		testkit.Within(t, "the first result", first)
		testkit.Within(t, "the second result", second)
	}
}

// TestWorkerLost: what runs at a worker that goes may have run. It is tried again
// at another only if that does no harm.
func TestWorkerLost(t *testing.T) {
	for _, idempotent := range []bool{false, true} {
		t.Run(fmt.Sprintf("idempotent %t", idempotent), func(t *testing.T) {
			s := testkit.Serve(t, mpreg.Config{})
			offer := fmt.Sprintf(`{"fun":"f","idempotent":%t}`, idempotent)
			w := hire(t, s, offer)
			c := testkit.Connect(t, s.URL())
			lost := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
			w.job()
			other := hire(t, s, offer)
			testkit.Must(t, w.Close())
			if idempotent {
				other.done(other.job(), `"again"`)
			}
			got := testkit.Within(t, "the result", lost)
			if idempotent {
				if got.Value != "again" || got.Err != nil {
					t.Errorf("got %v", got)
				}
				return
			}
			e := testkit.AsError(t, got.Err)
			if e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe || !strings.HasPrefix(e.Message, "the worker that ran the function is gone: ") {
				t.Errorf("got %v", e)
			}
			other.working(c, "f") // and it is the first that comes
		})
	}
}

// TestWorkerLostAlone: if there is nobody left, an idempotent call too may have run.
func TestWorkerLostAlone(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f","idempotent":true}`)
	lost := testkit.Later(func() (mpreg.Value, error) { return s.Client().Call(t.Context(), "f") })
	w.job()
	testkit.Must(t, w.Close())
	if e := testkit.AsError(t, testkit.Within(t, "the result", lost).Err); e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe {
		t.Errorf("got %v", e)
	}
	if _, err := s.Client().Call(t.Context(), "f"); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("then %v", err)
	}
}

// TestWorkerGoodbye: what is withdrawn is gone when the node says so, and what runs
// goes on.
func TestWorkerGoodbye(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f"},{"fun":"f","locs":["a"]},{"fun":"g"},{"fun":"h","locs":["a","b"]},{"fun":"h","locs":["a"]}`)
	other := hire(t, s, `{"fun":"g"}`)
	c := testkit.Connect(t, s.URL())
	running := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c.With(mpreg.At("a")), "f") })
	j := w.job()
	const gone = `{"role":"server-response","u":"h","r":"GONE","error":null}`
	for _, step := range []struct {
		notice string
		want   []string
	}{
		{`{"what":"GOODBYE","funs":["f","unknown"]}`, []string{"g[]", "h[a]", "h[a b]"}},
		{`{"what":"GOODBYE","offers":[{"fun":"h","locs":["b","a"]}]}`, []string{"g[]", "h[a]"}},
		{`{"what":"GOODBYE","funs":["g"],"locs":["a"]}`, []string{"g[]", "h[a]"}},
		{`{"what":"GOODBYE","funs":["g"]}`, []string{"g[]", "h[a]"}}, // which is the other's now
		{`{"what":"GOODBYE"}`, []string{"g[]"}},
		{`{"what":"GOODBYE","funs":[]}`, []string{"g[]"}},
	} {
		w.says(step.notice, gone)
		if diff := cmp.Diff(step.want, offersOf(s)); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", step.notice, diff)
		}
	}
	w.done(j, `"in peace"`)
	if got := testkit.Within(t, "the result", running); got.Value != "in peace" || got.Err != nil {
		t.Errorf("what ran: %v", got)
	}
	other.working(c, "g")
	w.hello(`{"fun":"f"}`)
	w.working(c, "f")
	newHand(t, s.URL(), websocket.Dialer{}).says(`{"what":"GOODBYE"}`, gone) // who never said HELLO
}

// TestWorkerBounds: calls beyond what a worker takes are refused at once, and
// surely did not start.
func TestWorkerBounds(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{MaxInFlightPerLink: 2})
	w := hire(t, s, `{"fun":"one","max_concurrent":1},{"fun":"f"}`)
	full := func(fn, limit string, most int64) {
		t.Helper()
		_, err := s.Client().Call(t.Context(), fn)
		e := testkit.AsError(t, err)
		if e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedNo || e.Details["limit"] != limit || e.Details["max"] != most {
			t.Errorf("got %v %v", e, e.Details)
		}
	}
	call := func(fn string) (job, <-chan testkit.Outcome[string]) {
		result := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), s.Client(), fn) })
		return w.job(), result
	}
	first, done := call("one")
	full("one", "max_concurrent", 1)
	_, _ = call("f")
	full("f", "in_flight_per_link", 2)
	w.done(first, `"done"`)
	testkit.Within(t, "the result", done)
	w.working(s.Client(), "one")

	other := hire(t, s, `{"fun":"one","max_concurrent":1}`)
	other.working(s.Client(), "one") // it has fewer
}

// TestWorkerDrain: what runs at a worker is finished as the rest is, and no worker
// is taken in meanwhile.
func TestWorkerDrain(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	stop := testkit.Run(t, s)
	w := hire(t, s, `{"fun":"f"}`)
	late := newHand(t, s.URL(), websocket.Dialer{})
	c := testkit.Connect(t, s.URL())
	result := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
	j := w.job()
	ended := testkit.Later(func() (struct{}, error) { return struct{}{}, stop() })
	testkit.Eventually(t, "the node drains", func() bool {
		_, err := s.Client().Call(t.Context(), "echo", 1)
		return errors.Is(err, mpreg.Unavailable)
	})
	for _, h := range []hand{late, w} {
		h.notice(`{"what":"HELLO","funs":["g"]}`)
		if a := h.refusal(); a.Role != "server-response" || a.Error.Code != int(mpreg.Unavailable) || a.Error.Details["executed"] != "no" {
			t.Errorf("got %s", a.Text)
		}
	}
	w.done(j, `"finished"`)
	if got := testkit.Within(t, "the result", result); got.Value != "finished" || got.Err != nil {
		t.Errorf("got %v", got)
	}
	if _, _, err := w.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the worker's link ended with %v", err)
	}
	if _, _, err := late.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the other's link ended with %v", err)
	}
	if end := testkit.Within(t, "the end of Serve", ended); end.Err != nil {
		t.Error(end.Err)
	}
}

// TestWorkerDeadline: the worker knows how long its caller waits, and when it no
// longer does.
func TestWorkerDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		s := testkit.Serve(t, mpreg.Config{}, mpreg.WithListener(network["node"]))
		w := newHand(t, "ws://node", websocket.Dialer{NetDialContext: network.Dial})
		w.hello(`{"fun":"f"}`)
		c := testkit.Connect(t, "ws://node", mpreg.WithDialer(network.Dial), mpreg.Timeout(900*time.Millisecond))
		result := testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
		j := w.job()
		if j.TimeoutMS == nil || *j.TimeoutMS != 900 {
			t.Errorf("got %s", j.text)
		}
		if e := testkit.AsError(t, (<-result).Err); e.Code != mpreg.DeadlineExceeded || e.Executed != mpreg.ExecutedMaybe {
			t.Errorf("got %v", e)
		}
		if got, want := w.Next(), `{"role":"cancel","u":"`+j.U+`"}`; got != want {
			t.Errorf(" got %s\nwant %s", got, want)
		}
		w.done(j, `1`)
		w.done(j, `2`)
		w.working(testkit.Connect(t, "ws://node", mpreg.WithDialer(network.Dial)), "f")
		_ = s
	})
}

// TestWorkerDeaf: a worker that does not read loses its link, and its callers know
// in time.
func TestWorkerDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		testkit.Serve(t, mpreg.Config{WriteTimeout: 5 * time.Second, MaxQueueBytes: 1000}, mpreg.WithListener(network["node"]))
		w := newHand(t, "ws://node", websocket.Dialer{NetDialContext: network.Dial})
		w.hello(`{"fun":"f"}`)
		c := testkit.Connect(t, "ws://node", mpreg.WithDialer(network.Dial))
		var results []<-chan testkit.Outcome[mpreg.Value]
		for range 5 {
			results = append(results, testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f", strings.Repeat("x", 600)) }))
		}
		start, no := time.Now(), 0
		for _, result := range results {
			e := testkit.AsError(t, (<-result).Err)
			if e.Code != mpreg.Unavailable || e.Executed == mpreg.ExecutedYes {
				t.Errorf("got %v", e)
			}
			if e.Executed == mpreg.ExecutedNo {
				no++
			}
		}
		if took := time.Since(start); took > 10*time.Second || no == 0 {
			t.Errorf("took %v of fake time; %d surely did not start", took, no)
		}
	})
}

// TestWorkersOfACluster: any node's callers reach the workers of all, and what was
// lost with one node's is tried at another's if that does no harm.
func TestWorkersOfACluster(t *testing.T) {
	nodes := testkit.Trio(t, func(int, *mpreg.Server) {})
	offer := `{"fun":"f","locs":["gpu"],"idempotent":true}`
	first := hire(t, nodes[1], offer)
	testkit.Acquainted(t, nodes[:]...)
	c := testkit.Connect(t, nodes[0].URL()).With(mpreg.At("gpu"))
	result := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
	first.job()
	second := hire(t, nodes[2], offer)
	testkit.Acquainted(t, nodes[:]...)
	testkit.Must(t, first.Close())
	j := second.job()
	second.done(j, `"from node-2"`)
	if got := testkit.Within(t, "the result", result); got.Value != "from node-2" || got.Err != nil {
		t.Errorf("got %v", got)
	}
	second.says(`{"what":"GOODBYE"}`, `{"role":"server-response","u":"h","r":"GONE","error":null}`)
	testkit.Acquainted(t, nodes[:]...)
	if _, err := testkit.Connect(t, nodes[0].URL()).With(mpreg.At("gpu")).Call(t.Context(), "f"); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("then %v", err)
	}
}
