package mpreg

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	ms     = time.Millisecond
	second = int64(time.Second)
)

func TestAverage(t *testing.T) {
	type call struct {
		at      int64
		took    time.Duration
		verdict verdict
	}
	for _, row := range []struct {
		name  string
		calls []call
		want  time.Duration
	}{
		{"nothing", nil, 0},
		{"the first", []call{{1, 8 * ms, fine}}, 8 * ms},
		{"an eighth", []call{{1, 8 * ms, fine}, {2, 16 * ms, fine}}, 9 * ms},
		{"half after a second", []call{{1, 8 * ms, fine}, {1 + second, 16 * ms, fine}}, 12 * ms},
		{"nine tenths after nine", []call{{1, 10 * ms, fine}, {1 + 9*second, 20 * ms, fine}}, 19 * ms},
		{"a function's own failure", []call{{1, 8 * ms, fine}, {2, 1, failing}}, 8 * ms},
		{"a function that only fails", []call{{1, 1, failing}}, failedLatency},
		{"slowly", []call{{1, time.Second, failing}}, time.Second},
		{"a caller's fault", []call{{1, 1, noVerdict}}, 0},
		{"given up sooner than others end", []call{{1, 8 * ms, fine}, {2, 7 * ms, givenUp}}, 8 * ms},
		{"given up later", []call{{1, 8 * ms, fine}, {2, 16 * ms, givenUp}}, 9 * ms},
		{"given up at first", []call{{1, 7 * ms, givenUp}}, 7 * ms},
		{"full", []call{{1, 8 * ms, fine}, {2, 1, full}}, 16 * ms},
		{"a fault at once", []call{{1, 1, faulty}}, failedLatency},
		{"two", []call{{1, 1, faulty}, {2, 1, faulty}}, 2 * failedLatency},
		{"a slow fault", []call{{1, 1, faulty}, {2, time.Second, faulty}}, time.Second},
		{"a very slow one", []call{{1, time.Hour, faulty}}, worstLatency},
	} {
		var h health
		for _, c := range row.calls {
			h.add(c.at, c.took, c.verdict, false)
		}
		if got := time.Duration(h.ns.Load()); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func TestJudge(t *testing.T) {
	lostInput := newError(Unavailable, ExecutedNo, "gone")
	lostInput.Details = map[string]any{detailLostResult: "a"}
	for _, row := range []struct {
		err  error
		want verdict
	}{
		{nil, fine},
		{newError(Failed, ExecutedYes, "boom"), failing},
		{newError(2001, ExecutedYes, "its own"), failing},
		{errors.New("of nobody"), faulty}, // an internal one
		{newError(Internal, ExecutedYes, "a panic"), faulty},
		{newError(Unavailable, ExecutedNo, "drains"), faulty},
		{newError(Unavailable, ExecutedMaybe, "link lost"), faulty},
		{newError(Unavailable, ExecutedYes, "what the function says of others"), failing},
		{newError(ResourceExhausted, ExecutedNo, "full"), full},
		{newError(ResourceExhausted, ExecutedYes, "the function's disk is"), failing},
		{newError(NotFound, ExecutedNo, "not mine"), noVerdict}, // nothing ran
		{newError(Canceled, ExecutedMaybe, "a hedge that lost"), givenUp},
		{newError(DeadlineExceeded, ExecutedMaybe, "slow"), givenUp},
		{newError(InvalidArgument, ExecutedNo, "want a number"), noVerdict},
		{newError(PermissionDenied, ExecutedNo, "no"), noVerdict},
		{lostInput, noVerdict},
	} {
		if got := judge(row.err); got != row.want {
			t.Errorf("%v: got %d, want %d", row.err, got, row.want)
		}
	}
}

// fails has a place fail n times at a moment.
func fails(h *health, now int64, n int) {
	for range n {
		h.add(now, ms, faulty, false)
	}
}

func TestEjection(t *testing.T) {
	var h health
	fails(&h, 1, ejectAfter-1)
	h.add(1, ms, fine, false)
	fails(&h, 1, ejectAfter-1)
	if h.until.Load() != 0 {
		t.Fatal("ejected for failures that are not in a row")
	}
	fails(&h, 1, 1)
	until := h.until.Load()
	if d := time.Duration(until - 1); d < minEjection*3/4 || d > minEjection*5/4 {
		t.Fatalf("ejected for %v", d)
	}
	fails(&h, 2, 10) // that were under way
	if h.until.Load() != until {
		t.Error("what was under way when it was ejected counts too")
	}
	if h.probe(until - 1) {
		t.Error("a probe before its time")
	}
	if !h.probe(until) || h.probe(until) || h.probe(until+second) {
		t.Error("not one probe at a time")
	}
	if !h.probe(until + int64(maxEjection)) {
		t.Error("a probe that never ends keeps others away for ever")
	}
}

// TestEjectedReturns: after some successes, one after the other; a failure has it
// wait for longer.
func TestEjectedReturns(t *testing.T) {
	var h health
	now := int64(1)
	fails(&h, now, ejectAfter)
	probe := func(v verdict, took time.Duration) {
		t.Helper()
		now = max(now, h.until.Load())
		if !h.probe(now) {
			t.Fatal("no probe when it is due")
		}
		h.add(now, took, v, true)
	}
	for times, seconds := range []int64{2, 4, 8, 16, 30, 30} {
		probe(fine, ms)
		probe(givenUp, ms) // says nothing
		probe(faulty, ms)
		if d := h.until.Load() - now; d < seconds*second*3/4 || d > seconds*second*5/4 {
			t.Errorf("after %d failed probes it waits for %v", times+1, time.Duration(d))
		}
	}
	for range returnAfter {
		if h.until.Load() == 0 {
			t.Fatal("it is back too soon")
		}
		probe(fine, ms)
	}
	if h.until.Load() != 0 {
		t.Fatal("it is not back")
	}
	if got := time.Duration(h.ns.Load()); got != ms {
		t.Errorf("its average is %v: what it took to fail counts", got)
	}
	fails(&h, now, ejectAfter)
	if d := time.Duration(h.until.Load() - now); d < maxEjection*3/4 {
		t.Errorf("one that comes and goes is out for %v", d)
	}
	h.until.Store(0)
	for range trustAfter {
		h.add(now, ms, fine, false)
	}
	fails(&h, now, ejectAfter)
	if d := time.Duration(h.until.Load() - now); d > minEjection*5/4 {
		t.Errorf("one that has worked for long is out for %v", d)
	}
}

// TestEjectedIsTriedAgain: whatever its calls end in, a place gets another within
// the longest ejection.
func TestEjectedIsTriedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h health
		now := int64(1)
		for range rapid.IntRange(1, 100).Draw(t, "calls") {
			now += rapid.Int64Range(0, 2*second).Draw(t, "later")
			probe := h.until.Load() != 0 && h.probe(now)
			v := rapid.SampledFrom([]verdict{fine, failing, noVerdict, givenUp, full, faulty, faulty, faulty}).Draw(t, "verdict")
			h.add(now, ms, v, probe)
			if wait := h.until.Load() - now; wait > int64(maxEjection)*5/4 {
				t.Fatalf("the next in %v", time.Duration(wait))
			}
			if probe && v != faulty && h.until.Load() > now {
				t.Fatal("after a probe that did not fail the next has to wait")
			}
		}
	})
}
