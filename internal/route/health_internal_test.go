package route

import (
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
		verdict Verdict
	}
	for _, row := range []struct {
		name  string
		calls []call
		want  time.Duration
	}{
		{"nothing", nil, 0},
		{"the first", []call{{1, 8 * ms, Fine}}, 8 * ms},
		{"an eighth", []call{{1, 8 * ms, Fine}, {2, 16 * ms, Fine}}, 9 * ms},
		{"half after a second", []call{{1, 8 * ms, Fine}, {1 + second, 16 * ms, Fine}}, 12 * ms},
		{"nine tenths after nine", []call{{1, 10 * ms, Fine}, {1 + 9*second, 20 * ms, Fine}}, 19 * ms},
		{"a function's own failure", []call{{1, 8 * ms, Fine}, {2, 1, Failing}}, 8 * ms},
		{"a function that only fails", []call{{1, 1, Failing}}, failedLatency},
		{"slowly", []call{{1, time.Second, Failing}}, time.Second},
		{"a caller's fault", []call{{1, 1, NoVerdict}}, 0},
		{"given up sooner than others end", []call{{1, 8 * ms, Fine}, {2, 7 * ms, GivenUp}}, 8 * ms},
		{"given up later", []call{{1, 8 * ms, Fine}, {2, 16 * ms, GivenUp}}, 9 * ms},
		{"given up at first", []call{{1, 7 * ms, GivenUp}}, 7 * ms},
		{"full", []call{{1, 8 * ms, Fine}, {2, 1, Full}}, 16 * ms},
		{"a fault at once", []call{{1, 1, Faulty}}, failedLatency},
		{"two", []call{{1, 1, Faulty}, {2, 1, Faulty}}, 2 * failedLatency},
		{"a slow fault", []call{{1, 1, Faulty}, {2, time.Second, Faulty}}, time.Second},
		{"a very slow one", []call{{1, time.Hour, Faulty}}, worstLatency},
	} {
		var h Health
		for _, c := range row.calls {
			h.Add(c.at, c.took, c.verdict, false)
		}
		if got := time.Duration(h.ns.Load()); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

// fails has a place fail n times at a moment.
func fails(h *Health, now int64, n int) {
	for range n {
		h.Add(now, ms, Faulty, false)
	}
}

func TestEjection(t *testing.T) {
	var h Health
	fails(&h, 1, ejectAfter-1)
	h.Add(1, ms, Fine, false)
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
	var h Health
	now := int64(1)
	fails(&h, now, ejectAfter)
	probe := func(v Verdict, took time.Duration) {
		t.Helper()
		now = max(now, h.until.Load())
		if !h.probe(now) {
			t.Fatal("no probe when it is due")
		}
		h.Add(now, took, v, true)
	}
	for times, seconds := range []int64{2, 4, 8, 16, 30, 30} {
		probe(Fine, ms)
		probe(GivenUp, ms) // says nothing
		probe(Faulty, ms)
		if d := h.until.Load() - now; d < seconds*second*3/4 || d > seconds*second*5/4 {
			t.Errorf("after %d failed probes it waits for %v", times+1, time.Duration(d))
		}
	}
	for range returnAfter {
		if h.until.Load() == 0 {
			t.Fatal("it is back too soon")
		}
		probe(Fine, ms)
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
		h.Add(now, ms, Fine, false)
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
		var h Health
		now := int64(1)
		for range rapid.IntRange(1, 100).Draw(t, "calls") {
			now += rapid.Int64Range(0, 2*second).Draw(t, "later")
			probe := h.until.Load() != 0 && h.probe(now)
			v := rapid.SampledFrom([]Verdict{Fine, Failing, NoVerdict, GivenUp, Full, Faulty, Faulty, Faulty}).Draw(t, "verdict")
			h.Add(now, ms, v, probe)
			if wait := h.until.Load() - now; wait > int64(maxEjection)*5/4 {
				t.Fatalf("the next in %v", time.Duration(wait))
			}
			if probe && v != Faulty && h.until.Load() > now {
				t.Fatal("after a probe that did not fail the next has to wait")
			}
		}
	})
}
