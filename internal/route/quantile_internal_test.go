package route

import (
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestBuckets: each duration is in a bucket that ends above it, but not by more than
// a quarter, and the one before ends below it.
func TestBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(4*bucketUnit, int64(30*time.Minute)).Draw(t, "duration"))
		i := bucket(d)
		if end := bucketEnd(i); end <= d || float64(end) > 1.25*float64(d)+bucketUnit {
			t.Fatalf("%v is in bucket %d, which ends at %v", d, i, end)
		}
		if i > 0 && bucketEnd(i-1) > d {
			t.Fatalf("%v is in bucket %d, and the one before ends at %v", d, i, bucketEnd(i-1))
		}
	})
	for _, d := range []time.Duration{-1, 0, 1} {
		if bucket(d) != 0 {
			t.Errorf("%d ns is in bucket %d", d, bucket(d))
		}
	}
	if i := bucket(1 << 62); i != 127 {
		t.Errorf("the longest is in bucket %d", i)
	}
}

// TestMost: whatever the durations, it is not below what 95 % of them take, and not
// more than a quarter above.
func TestMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(4*bucketUnit, int64(time.Minute)), enoughToSay, fadeAfter-1).Draw(t, "durations")
		var q quantile
		for i, d := range list {
			if got := q.most(); (got == 0) != (i < enoughToSay) {
				t.Fatalf("%v after %d durations", got, i)
			}
			q.add(time.Duration(d))
		}
		slices.Sort(list)
		want := list[len(list)-1-len(list)/20]
		if got := int64(q.most()); got < want || float64(got) > 1.25*float64(want)+bucketUnit {
			t.Fatalf("got %v, want %v", time.Duration(got), time.Duration(want))
		}
	})
}

// TestQuantileForgets: what became of a function some hundred calls ago is what
// counts.
func TestQuantileForgets(t *testing.T) {
	var q quantile
	for range 10_000 {
		q.add(time.Second)
	}
	for range 4 * fadeAfter {
		q.add(time.Millisecond)
	}
	if got := q.most(); got < time.Millisecond || got > 1250*time.Microsecond {
		t.Errorf("got %v", got)
	}
	if n := q.total.Load(); n >= fadeAfter {
		t.Errorf("%d durations count", n)
	}
}

// TestQuantileOfMany: none is lost, and the total is theirs.
func TestQuantileOfMany(t *testing.T) {
	var q quantile
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 5000 {
				q.add(time.Duration(i) * time.Microsecond)
				q.most()
			}
		})
	}
	all.Wait()
	sum := int64(0)
	for i := range q.buckets {
		sum += int64(q.buckets[i].Load())
	}
	if total := q.total.Load(); total != sum || total <= 0 {
		t.Errorf("a total of %d, and %d durations in buckets", total, sum)
	}
}
