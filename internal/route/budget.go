package route

import "sync/atomic"

// Budget bounds how many of the attempts under way are repeated ones, so that a
// cluster in trouble is not buried by those who try again. Each call earns a tenth
// of a retry, each retry takes one, and up to a hundred are saved: of any number of
// calls at most a tenth, and a hundred more, are tried again. The zero Budget is
// full, so that a cluster where little happens can retry too; a hundred is what a
// node that vanishes has under way, and not enough to do harm. It is safe for
// concurrent use. While it is full, earning costs one load.
type Budget struct {
	spent atomic.Int64 // in tenths of a retry: what is missing from a full budget
}

const (
	retryCost = 10 // in what a call earns
	maxBudget = 100 * retryCost
)

// Earn adds what a first attempt is worth.
func (b *Budget) Earn() {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, spent-1) {
			return
		}
	}
}

// Spend takes a retry, and reports whether one was left.
func (b *Budget) Spend() bool {
	for {
		spent := b.spent.Load()
		if spent+retryCost > maxBudget {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+retryCost) {
			return true
		}
	}
}
