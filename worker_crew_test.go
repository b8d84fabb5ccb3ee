package mpreg_test

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
)

// TestWorkersShare: a call goes to the worker that has the fewest, whatever they
// are calls of.
func TestWorkersShare(t *testing.T) {
	s := serve(t, mpreg.Config{})
	a := hire(t, s, `{"fun":"f"},{"fun":"g"}`)
	b := hire(t, s, `{"fun":"f"}`)
	c := connect(t, s.URL())
	var jobs []job
	var results []<-chan outcomeOf[string]
	call := func(fn string, to hand) {
		t.Helper()
		result := later(func() (string, error) { return mpreg.Call[string](t.Context(), c, fn) })
		jobs, results = append(jobs, to.job()), append(results, result)
	}
	call("g", a)
	call("g", a)
	call("f", b)
	call("f", b)
	a.done(jobs[0], `"0"`)
	within(t, "the result", results[0])
	call("f", a)
	for i, to := range map[int]hand{1: a, 2: b, 3: b, 4: a} {
		to.done(jobs[i], fmt.Sprintf(`"%d"`, i))
		if got := within(t, "the result", results[i]); got.value != fmt.Sprint(i) || got.err != nil {
			t.Errorf("call %d: %v", i, got)
		}
	}
	// Equals take turns.
	for range 4 {
		first := later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
		second := later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
		a.done(a.job(), `"well"`)
		b.done(b.job(), `"well"`)
		within(t, "the first result", first)
		within(t, "the second result", second)
	}
}

// TestWorkerLost: what runs at a worker that goes may have run. It is tried again
// at another only if that does no harm.
func TestWorkerLost(t *testing.T) {
	for _, idempotent := range []bool{false, true} {
		t.Run(fmt.Sprintf("idempotent %t", idempotent), func(t *testing.T) {
			s := serve(t, mpreg.Config{})
			offer := fmt.Sprintf(`{"fun":"f","idempotent":%t}`, idempotent)
			w := hire(t, s, offer)
			c := connect(t, s.URL())
			lost := later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
			w.job()
			other := hire(t, s, offer)
			must(t, w.Close())
			if idempotent {
				other.done(other.job(), `"again"`)
			}
			got := within(t, "the result", lost)
			if idempotent {
				if got.value != "again" || got.err != nil {
					t.Errorf("got %v", got)
				}
				return
			}
			e := asError(t, got.err)
			if e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe || !strings.HasPrefix(e.Message, "the worker that ran the function is gone: ") {
				t.Errorf("got %v", e)
			}
			other.working(c, "f") // and it is the first that comes
		})
	}
}

// TestWorkerLostAlone: if there is nobody left, an idempotent call too may have run.
func TestWorkerLostAlone(t *testing.T) {
	s := serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f","idempotent":true}`)
	lost := later(func() (mpreg.Value, error) { return s.Client().Call(t.Context(), "f") })
	w.job()
	must(t, w.Close())
	if e := asError(t, within(t, "the result", lost).err); e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe {
		t.Errorf("got %v", e)
	}
	if _, err := s.Client().Call(t.Context(), "f"); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("then %v", err)
	}
}

// TestWorkerGoodbye: what is withdrawn is gone when the node says so, and what runs
// goes on.
func TestWorkerGoodbye(t *testing.T) {
	s := serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f"},{"fun":"f","locs":["a"]},{"fun":"g"},{"fun":"h","locs":["a","b"]},{"fun":"h","locs":["a"]}`)
	other := hire(t, s, `{"fun":"g"}`)
	c := connect(t, s.URL())
	running := later(func() (string, error) { return mpreg.Call[string](t.Context(), c.With(mpreg.At("a")), "f") })
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
	if got := within(t, "the result", running); got.value != "in peace" || got.err != nil {
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
	s := serve(t, mpreg.Config{MaxInFlightPerLink: 2})
	w := hire(t, s, `{"fun":"one","max_concurrent":1},{"fun":"f"}`)
	full := func(fn, limit string, most int64) {
		t.Helper()
		_, err := s.Client().Call(t.Context(), fn)
		e := asError(t, err)
		if e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedNo || e.Details["limit"] != limit || e.Details["max"] != most {
			t.Errorf("got %v %v", e, e.Details)
		}
	}
	call := func(fn string) (job, <-chan outcomeOf[string]) {
		result := later(func() (string, error) { return mpreg.Call[string](t.Context(), s.Client(), fn) })
		return w.job(), result
	}
	first, done := call("one")
	full("one", "max_concurrent", 1)
	_, _ = call("f")
	full("f", "in_flight_per_link", 2)
	w.done(first, `"done"`)
	within(t, "the result", done)
	w.working(s.Client(), "one")

	other := hire(t, s, `{"fun":"one","max_concurrent":1}`)
	other.working(s.Client(), "one") // it has fewer
}

// TestWorkerDrain: what runs at a worker is finished as the rest is, and no worker
// is taken in meanwhile.
func TestWorkerDrain(t *testing.T) {
	s, err := mpreg.NewServer(mpreg.Config{}, mpreg.WithLogger(quiet))
	must(t, err)
	stop := run(t, s)
	w := hire(t, s, `{"fun":"f"}`)
	late := newHand(t, s.URL(), websocket.Dialer{})
	c := connect(t, s.URL())
	result := later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
	j := w.job()
	ended := later(func() (struct{}, error) { return struct{}{}, stop() })
	eventually(t, "the node drains", func() bool {
		_, err := s.Client().Call(t.Context(), "echo", 1)
		return errors.Is(err, mpreg.Unavailable)
	})
	for _, h := range []hand{late, w} {
		h.notice(`{"what":"HELLO","funs":["g"]}`)
		if a := h.refusal(); a.Role != "server-response" || a.Error.Code != int(mpreg.Unavailable) || a.Error.Details["executed"] != "no" {
			t.Errorf("got %s", a.text)
		}
	}
	w.done(j, `"finished"`)
	if got := within(t, "the result", result); got.value != "finished" || got.err != nil {
		t.Errorf("got %v", got)
	}
	if _, _, err := w.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the worker's link ended with %v", err)
	}
	if _, _, err := late.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the other's link ended with %v", err)
	}
	if end := within(t, "the end of Serve", ended); end.err != nil {
		t.Error(end.err)
	}
}

// TestWorkerDeadline: the worker knows how long its caller waits, and when it no
// longer does.
func TestWorkerDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		s := serve(t, mpreg.Config{}, mpreg.WithListener(network))
		w := newHand(t, "ws://node", websocket.Dialer{NetDialContext: network.dial})
		w.hello(`{"fun":"f"}`)
		c := connect(t, "ws://node", mpreg.WithDialer(network.dial), mpreg.Timeout(900*time.Millisecond))
		result := later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
		j := w.job()
		if j.TimeoutMS == nil || *j.TimeoutMS != 900 {
			t.Errorf("got %s", j.text)
		}
		if e := asError(t, (<-result).err); e.Code != mpreg.DeadlineExceeded || e.Executed != mpreg.ExecutedMaybe {
			t.Errorf("got %v", e)
		}
		if got, want := w.next(), `{"role":"cancel","u":"`+j.U+`"}`; got != want {
			t.Errorf(" got %s\nwant %s", got, want)
		}
		w.done(j, `1`)
		w.done(j, `2`)
		w.working(connect(t, "ws://node", mpreg.WithDialer(network.dial)), "f")
		_ = s
	})
}

// TestWorkerDeaf: a worker that does not read loses its link, and its callers know
// in time.
func TestWorkerDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		serve(t, mpreg.Config{WriteTimeout: 5 * time.Second, MaxQueueBytes: 1000}, mpreg.WithListener(network))
		w := newHand(t, "ws://node", websocket.Dialer{NetDialContext: network.dial})
		w.hello(`{"fun":"f"}`)
		c := connect(t, "ws://node", mpreg.WithDialer(network.dial))
		var results []<-chan outcomeOf[mpreg.Value]
		for range 5 {
			results = append(results, later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f", strings.Repeat("x", 600)) }))
		}
		start, no := time.Now(), 0
		for _, result := range results {
			e := asError(t, (<-result).err)
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
	nodes := trio(t, func(int, *mpreg.Server) {})
	offer := `{"fun":"f","locs":["gpu"],"idempotent":true}`
	first := hire(t, nodes[1], offer)
	acquainted(t, nodes[:]...)
	c := connect(t, nodes[0].URL()).With(mpreg.At("gpu"))
	result := later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "f") })
	first.job()
	second := hire(t, nodes[2], offer)
	acquainted(t, nodes[:]...)
	must(t, first.Close())
	j := second.job()
	second.done(j, `"from node-2"`)
	if got := within(t, "the result", result); got.value != "from node-2" || got.err != nil {
		t.Errorf("got %v", got)
	}
	second.says(`{"what":"GOODBYE"}`, `{"role":"server-response","u":"h","r":"GONE","error":null}`)
	acquainted(t, nodes[:]...)
	if _, err := connect(t, nodes[0].URL()).With(mpreg.At("gpu")).Call(t.Context(), "f"); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("then %v", err)
	}
}
