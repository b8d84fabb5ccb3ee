package clustertest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg/internal/testkit"
)

// TestFailingNodeIsEjected: callers pay for five failures, and then for one in a
// while; when it works again, it gets its part.
func TestFailingNodeIsEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkload(t, 4, false)
		w.run(300, 8)
		w.fails[1].Store(true)
		start := time.Now()
		failed, share := w.run(3000, 3)
		if failed < 5 || failed > 5+2+2 { // two more may be under way, and be probes: it takes about a second
			t.Errorf("%d of 3000 calls failed in %v", failed, time.Since(start))
		}
		if share[2] < 0.4 || share[3] < 0.4 {
			t.Errorf("the others ran %.2f and %.2f", share[2], share[3])
		}
		for range 120 { // two minutes: probes after about 1, 2, 4, 8, 16, 30, 30 and 30 s
			f, _ := w.run(10, 1)
			failed += f
			testkit.Pass(time.Second)
		}
		if failed > 20 {
			t.Errorf("%d calls failed in two minutes", failed)
		}
		w.fails[1].Store(false)
		for range 45 {
			if failed, _ := w.run(10, 1); failed > 0 {
				t.Errorf("%d calls failed after it was repaired", failed)
			}
			testkit.Pass(time.Second)
		}
		if _, share := w.run(1000, 8); share[1] < 0.2 {
			t.Errorf("after it was repaired it runs %.2f", share[1])
		}
	})
}

// TestThisNodeIsEjectedToo: its own function fails, those of others do not.
func TestThisNodeIsEjectedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkload(t, 3, true)
		w.fails[0].Store(true)
		if failed, _ := w.run(500, 1); failed < 1 || failed > 6 {
			t.Errorf("%d of 500 calls failed", failed)
		}
		w.fails[0].Store(false)
		testkit.Pass(2 * time.Second)
		if failed, share := w.run(500, 1); failed > 0 || share[0] < 0.5 {
			t.Errorf("after it was repaired %d calls failed, and it ran %.2f", failed, share[0])
		}
	})
}

// TestAllEjected: a function is never left without places.
func TestAllEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkload(t, 4, false)
		for i := range w.fails {
			w.fails[i].Store(true)
		}
		w.run(100, 4)
		var ran int64
		for i := range w.ran {
			ran += w.ran[i].Load()
		}
		if ran != 100 {
			t.Errorf("%d of 100 calls ran", ran)
		}
		for i := range w.fails {
			w.fails[i].Store(false)
		}
		if failed, _ := w.run(100, 4); failed > 0 {
			t.Errorf("%d calls failed after all was repaired", failed)
		}
	})
}
