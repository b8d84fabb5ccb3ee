package chaos_test

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// ciSeeds is how many seeds suit CI: they take less than a minute with the race
// detector on two cores.
const ciSeeds = 10

// TestChaos: what happens to a cluster, calls end in time, results are right, and
// nothing runs that should not.
func TestChaos(t *testing.T) {
	first, n := uint64(0), ciSeeds
	if *seeds > 0 {
		n = *seeds
	}
	if *oneSeed >= 0 {
		first, n = uint64(*oneSeed), 1
	}
	var all tally
	for seed := first; seed < first+uint64(n); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			var sum tally
			defer func() { // a failure within the bubble ends this test, too
				all.sum(sum)
				t.Log(&sum)
				if !t.Failed() {
					return
				}
				t.Logf("to run it again: go test ./internal/chaos -run TestChaos -chaos.seed=%d -chaos.long=%v -count=20 -chaos.logs", seed, *long)
			}()
			synctest.Test(t, func(t *testing.T) { newScenario(seed).run(t, &sum) })
		})
	}
	t.Log(&all)
}
