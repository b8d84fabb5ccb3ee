package link_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/link"
)

// TestDeadlinesModel sets, moves and stops deadlines while time passes, and compares
// what fires with a map.
func TestDeadlinesModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type step struct {
			what  string
			which int
			after int // ms
		}
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				rapid.SampledFrom([]string{"set", "set", "stop", "wait"}).Draw(rt, "what"),
				rapid.IntRange(0, 9).Draw(rt, "which"),
				rapid.IntRange(-5, 100).Draw(rt, "after"),
			}
		}), 1, 60).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			var ds link.Deadlines
			defer ds.Close()
			var mu sync.Mutex
			fired := map[int]time.Time{}
			want := map[int]time.Time{}
			set := map[int]time.Time{}
			var each [10]link.Deadline
			settle := func() {
				synctest.Wait()
				for i, when := range set {
					if !when.After(time.Now()) {
						want[i] = when
						delete(set, i)
					}
				}
			}
			for _, s := range steps {
				at := time.Now().Add(time.Duration(max(s.after, 0)) * time.Millisecond)
				switch s.what {
				case "set":
					ds.Set(&each[s.which], time.Now().Add(time.Duration(s.after)*time.Millisecond), func() {
						mu.Lock()
						defer mu.Unlock()
						fired[s.which] = time.Now()
					})
					set[s.which] = at
				case "stop":
					_, there := set[s.which]
					if got := ds.Stop(&each[s.which]); got != there {
						rt.Fatalf("Stop(%d) = %t, want %t", s.which, got, there)
					}
					delete(set, s.which)
				case "wait":
					<-time.After(time.Until(at))
				}
				settle()
				if n := ds.Len(); n != len(set) {
					rt.Fatalf("Len() = %d, want %d", n, len(set))
				}
			}
			<-time.After(time.Second)
			settle()
			if diff := cmp.Diff(want, fired); diff != "" {
				rt.Fatalf("want -, fired +:\n%s", diff)
			}
		})
	})
}

func TestDeadlinesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ds link.Deadlines
		defer ds.Close()
		const n = 1000
		var each [n]link.Deadline
		var fired []int
		start := time.Now()
		for i := range n {
			which := i * 7919 % n // all, in a mixed order
			ds.Set(&each[which], start.Add(time.Duration(which)*time.Millisecond), func() {
				if d := time.Since(start); d != time.Duration(which)*time.Millisecond {
					t.Errorf("deadline %d fired after %v", which, d)
				}
				fired = append(fired, which)
			})
		}
		<-time.After(n * time.Millisecond)
		synctest.Wait()
		if !slices.IsSorted(fired) || len(fired) != n {
			t.Errorf("%d fired, want %d in order", len(fired), n)
		}
	})
}

// TestDeadlineFromFire checks that a fire may set and stop deadlines.
func TestDeadlineFromFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ds link.Deadlines
		defer ds.Close()
		var tick, other link.Deadline
		start := time.Now()
		var at []time.Duration
		var again func()
		again = func() {
			at = append(at, time.Since(start))
			ds.Stop(&other)
			if len(at) < 3 {
				ds.Set(&tick, time.Now().Add(time.Minute), again)
			}
		}
		ds.Set(&tick, start.Add(time.Second), again)
		ds.Set(&other, start.Add(time.Minute), func() { t.Error("fired though stopped") })
		<-time.After(time.Hour)
		synctest.Wait()
		want := []time.Duration{time.Second, 61 * time.Second, 121 * time.Second}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestDeadlinesClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ds link.Deadlines
		var first, second link.Deadline
		finish := make(chan struct{})
		ds.Set(&first, time.Now(), func() { <-finish })
		ds.Set(&second, time.Now().Add(time.Second), func() { t.Error("fired after Close") })
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			ds.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait for the fire that runs")
		default:
		}
		close(finish)
		<-closed
		ds.Set(&second, time.Now(), func() { t.Error("set after Close") })
		<-time.After(time.Hour)
		if ds.Stop(&second) {
			t.Error("Stop says it was set")
		}
	})
}

func TestDeadlinesAllocateNothing(t *testing.T) {
	var ds link.Deadlines
	defer ds.Close()
	each := make([]link.Deadline, 100)
	when := time.Now().Add(time.Hour)
	fire := func() {}
	for i := range each {
		ds.Set(&each[i], when.Add(-time.Duration(i)), fire)
	}
	n := testing.AllocsPerRun(1000, func() {
		for i := range each {
			ds.Stop(&each[i])
			ds.Set(&each[i], when.Add(time.Duration(i*37%100)), fire)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDeadlines(b *testing.B) {
	b.ReportAllocs()
	var ds link.Deadlines
	defer ds.Close()
	each := make([]link.Deadline, 64)
	fire := func() {}
	i := 0
	for b.Loop() {
		d := &each[i%len(each)]
		ds.Stop(d)
		ds.Set(d, time.Now().Add(30*time.Second), fire)
		i++
	}
}
