package mpregtest

import (
	"sync"
	"time"
)

// deadline is a point in time that ends waits. It is guarded by the lock of the
// sync.Cond that they wait on.
type deadline struct {
	passed bool
	timer  *time.Timer // of the one that is set and to come
}

// set replaces the deadline; the zero time is none.
func (d *deadline) set(waits *sync.Cond, t time.Time) {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.timer, d.passed = nil, false
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.passed = true
		waits.Broadcast()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		waits.L.Lock()
		defer waits.L.Unlock()
		if d.timer == timer { // or it was replaced before it could be stopped
			d.passed = true
			waits.Broadcast()
		}
	})
	d.timer = timer
}
