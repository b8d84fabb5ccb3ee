package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMeasureCallsAtLeastOnce(t *testing.T) {
	end := make(chan struct{})
	close(end)
	for _, callers := range []int{1, 3} {
		var calls atomic.Int64
		s, err := measure(t.Context(), callers, end, func(context.Context) error { calls.Add(1); return nil })
		if err != nil || s.calls != callers || calls.Load() != int64(callers) {
			t.Errorf("%d callers made %d calls, counted as %d, %v", callers, calls.Load(), s.calls, err)
		}
		if timed := s.worst > 0; timed != (callers == 1) {
			t.Errorf("%d callers: the worst call took %v", callers, s.worst)
		}
	}
}

func TestMeasureUntilEnd(t *testing.T) {
	end := make(chan struct{})
	n := 0
	s, err := measure(t.Context(), 1, end, func(context.Context) error {
		if n++; n == 10 {
			close(end)
		}
		return nil
	})
	if err != nil || s.calls != 10 {
		t.Errorf("%d calls, %v, want 10", s.calls, err)
	}
	if s.p50 > s.p99 || s.p99 > s.worst {
		t.Errorf("p50 %v, p99 %v, worst %v", s.p50, s.p99, s.worst)
	}
}

// TestMeasureFails has one of many callers fail: the others end too, though nobody
// tells them to.
func TestMeasureFails(t *testing.T) {
	boom := errors.New("boom")
	var calls atomic.Int64
	_, err := measure(t.Context(), 4, nil, func(context.Context) error {
		if calls.Add(1) == 100 {
			return boom
		}
		return nil
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want %v", err, boom)
	}
}

func TestMeasureCountsAllocations(t *testing.T) {
	end := make(chan struct{})
	n := 0
	var kept []byte
	s, err := measure(t.Context(), 1, end, func(context.Context) error {
		kept = make([]byte, 1<<20)
		if n++; n == 8 {
			close(end)
		}
		return nil
	})
	if err != nil || len(kept) == 0 {
		t.Fatal(err)
	}
	if got := s.usage.bytes; got < 8<<20 {
		t.Errorf("%d bytes for 8 MiB", got)
	}
	if s.usage.mallocs < 8 {
		t.Errorf("%d allocations for 8", s.usage.mallocs)
	}
}

// TestInterleave also shows that each round starts with another probe.
func TestInterleave(t *testing.T) {
	var order strings.Builder
	var a, b, c series
	as := func(name string, samples *series) probe {
		return probe{name, samples, func(context.Context) (sample, error) {
			order.WriteString(name)
			return sample{calls: order.Len()}, nil
		}}
	}
	if err := interleave(t.Context(), 4, []probe{as("a", &a), as("b", &b), as("c", &c)}); err != nil {
		t.Fatal(err)
	}
	if got, want := order.String(), "abcbcacababc"; got != want {
		t.Errorf("ran %s, want %s", got, want)
	}
	want := series{{calls: 1}, {calls: 6}, {calls: 8}, {calls: 10}}
	if !slices.Equal(a, want) {
		t.Errorf("samples %v, want %v", a, want)
	}
	boom := errors.New("boom")
	fails := probe{"d", &a, func(context.Context) (sample, error) { return sample{}, boom }}
	err := interleave(t.Context(), 2, []probe{fails})
	if !errors.Is(err, boom) || err.Error() != "d, round 1 of 2: boom" {
		t.Errorf("got %v", err)
	}
}

// TestBeside has a transfer that ends only after small calls were made, and ends
// the small calls.
func TestBeside(t *testing.T) {
	boom := errors.New("boom")
	for _, failure := range []error{nil, boom} {
		var samples series
		enough := make(chan struct{})
		n := 0
		small := func(context.Context) error {
			if n++; n == 5 {
				close(enough)
			}
			return nil
		}
		p := beside(&samples, "beside", small, func(context.Context) error { <-enough; return failure })
		s, err := p.run(t.Context())
		if !errors.Is(err, failure) {
			t.Errorf("got %v, want %v", err, failure)
		}
		if s.calls < 5 || s.transfer <= 0 {
			t.Errorf("%d small calls in %v", s.calls, s.transfer)
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, row := range []struct {
		sorted []time.Duration
		p      int
		want   time.Duration
	}{
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
		{hundred, 0, 1},
		{hundred[:1], 50, 1},
		{hundred[:1], 99, 1},
		{hundred[:3], 50, 2},
		{hundred[:4], 50, 2},
		{hundred[:4], 99, 4},
	} {
		if got := percentile(row.sorted, row.p); got != row.want {
			t.Errorf("percentile %d of %d: got %d, want %d", row.p, len(row.sorted), got, row.want)
		}
	}
}

func TestMedian(t *testing.T) {
	calls := func(s sample) float64 { return float64(s.calls) }
	for _, row := range []struct {
		samples series
		want    float64
	}{
		{nil, 0},
		{series{{calls: 7}}, 7},
		{series{{calls: 9}, {calls: 1}, {calls: 2}}, 2},
		{series{{calls: 9}, {calls: 1}, {calls: 2}, {calls: 5}}, 3.5},
	} {
		if got := row.samples.median(calls); got != row.want {
			t.Errorf("median of %v: got %v, want %v", row.samples, got, row.want)
		}
	}
}

func TestFigures(t *testing.T) {
	s := sample{
		calls: 4, elapsed: 2 * time.Second, p50: 1500 * time.Nanosecond, transfer: 250 * time.Millisecond,
		usage: usage{mallocs: 10, bytes: 400, cpu: 20 * time.Microsecond},
	}
	for name, row := range map[string]struct{ got, want float64 }{
		"rate":            {rate(s), 2},
		"p50":             {p50(s), 1.5},
		"allocs":          {allocs(s), 2.5},
		"allocated":       {allocated(s), 100},
		"cpuPerMillion":   {cpuPerMillion(s), 5},
		"transferSeconds": {transferSeconds(s), 0.25},
	} {
		if row.got != row.want {
			t.Errorf("%s: got %v, want %v", name, row.got, row.want)
		}
	}
}
