package route

import (
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// TestBudgetBoundsRetries: whatever the order of calls and retries, the retries are
// at most a tenth of the calls, and a hundred more.
func TestBudgetBoundsRetries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Budget
		calls, retries := 0, 0
		saved := 100 * retryCost // the model: in tenths
		for range rapid.IntRange(0, 200).Draw(t, "rounds") {
			for range rapid.IntRange(0, 50).Draw(t, "calls") {
				b.Earn()
				calls++
				saved = min(saved+1, 100*retryCost)
			}
			for range rapid.IntRange(0, 20).Draw(t, "retries") {
				want := saved >= retryCost
				if got := b.Spend(); got != want {
					t.Fatalf("after %d calls and %d retries: got %v", calls, retries, got)
				}
				if want {
					saved -= retryCost
					retries++
				}
			}
		}
		if 10*retries > calls+1000 {
			t.Fatalf("%d retries of %d calls", retries, calls)
		}
	})
}

// TestBudgetOfMany: what is taken at once is taken once.
func TestBudgetOfMany(t *testing.T) {
	var b Budget
	var got atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if b.Spend() {
					got.Add(1)
				}
			}
		})
	}
	all.Wait()
	if got.Load() != 100 {
		t.Errorf("a full budget gave %d retries", got.Load())
	}
	for range 8 {
		all.Go(func() {
			for range 200 {
				b.Earn()
			}
		})
	}
	all.Wait()
	if left := b.spent.Load(); left != 0 {
		t.Errorf("after 1600 calls it lacks %d tenths", left)
	}
}
