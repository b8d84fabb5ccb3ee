package link

import (
	"sync"
	"time"
)

// Deadline is one deadline in a [Deadlines]. The zero value is one that is not set.
// It belongs into the struct whose deadline it is, and must not be copied while set.
type Deadline struct {
	when time.Time
	fire func()
	at   int // its place in the heap, from 1; 0 if it is not set
}

// Deadlines keeps any number of deadlines on a single timer, for a runtime timer a
// call is dear where calls take microseconds. Its zero value is ready to use. Set
// and Stop take O(log n) and allocate nothing in a steady state; they
// may be called concurrently.
type Deadlines struct {
	mu     sync.Mutex
	heap   []*Deadline // binary, the earliest first
	timer  *time.Timer
	due    time.Time // when timer goes off; zero if it is not set
	firing bool
	idle   *sync.Cond // signalled when firing ends; nil until Close
	closed bool
}

// Set makes d call fire once at the given time, or as soon as possible if that is past,
// unless it is stopped or set anew before. fire is called in the timer's goroutine,
// where all deadlines wait for it: it must not block. After Close nothing is
// set.
func (ds *Deadlines) Set(d *Deadline, when time.Time, fire func()) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.closed {
		return
	}
	d.when, d.fire = when, fire
	if d.at == 0 {
		ds.heap = append(ds.heap, d)
		d.at = len(ds.heap)
	}
	ds.fix(d)
	ds.arm()
}

// Stop makes sure that d does not fire from now on, and reports whether it was set: false
// if it has fired, is about to, or never was.
func (ds *Deadlines) Stop(d *Deadline) bool {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d.at == 0 {
		return false
	}
	// The timer stays: to go off once for nothing is cheaper than to move it
	// at every call's end.
	ds.remove(d)
	return true
}

// Len returns how many deadlines are set.
func (ds *Deadlines) Len() int {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return len(ds.heap)
}

// Close stops all deadlines and waits for a fire that is under way. It must not be called
// from one.
func (ds *Deadlines) Close() {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.closed = true
	for _, d := range ds.heap {
		d.at, d.fire = 0, nil
	}
	ds.heap = nil
	if ds.timer != nil {
		ds.timer.Stop()
	}
	if ds.idle == nil {
		ds.idle = sync.NewCond(&ds.mu)
	}
	for ds.firing {
		ds.idle.Wait()
	}
}

// arm sets the timer for the earliest deadline, if it is not early enough; mu is held.
func (ds *Deadlines) arm() {
	if ds.firing || len(ds.heap) == 0 {
		return // run arms when it is done
	}
	first := ds.heap[0].when
	if !ds.due.IsZero() && !first.Before(ds.due) {
		return
	}
	ds.due = first
	if ds.timer == nil {
		ds.timer = time.AfterFunc(time.Until(first), ds.run)
		return
	}
	ds.timer.Reset(time.Until(first))
}

// run fires what is due. It is called by the timer.
func (ds *Deadlines) run() {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.firing {
		return // the timer was moved just when it went off: the other run does it all
	}
	ds.firing = true
	ds.due = time.Time{}
	for len(ds.heap) > 0 && !ds.heap[0].when.After(time.Now()) {
		d := ds.heap[0]
		fire := d.fire
		ds.remove(d)
		ds.mu.Unlock()
		fire()
		ds.mu.Lock()
	}
	ds.firing = false
	ds.arm()
	if ds.idle != nil {
		ds.idle.Broadcast()
	}
}

// remove takes d out of the heap; mu is held.
func (ds *Deadlines) remove(d *Deadline) {
	i := d.at - 1
	last := ds.heap[len(ds.heap)-1]
	ds.heap[len(ds.heap)-1] = nil
	ds.heap = ds.heap[:len(ds.heap)-1]
	if last != d {
		ds.heap[i] = last
		last.at = i + 1
		ds.fix(last)
	}
	d.at, d.fire = 0, nil
}

// fix moves d to where it belongs after its time or place has changed.
func (ds *Deadlines) fix(d *Deadline) {
	i := d.at - 1
	for i > 0 && d.when.Before(ds.heap[(i-1)/2].when) {
		ds.place(ds.heap[(i-1)/2], i)
		i = (i - 1) / 2
	}
	for {
		child := 2*i + 1
		if child+1 < len(ds.heap) && ds.heap[child+1].when.Before(ds.heap[child].when) {
			child++
		}
		if child >= len(ds.heap) || !ds.heap[child].when.Before(d.when) {
			break
		}
		ds.place(ds.heap[child], i)
		i = child
	}
	ds.place(d, i)
}

func (ds *Deadlines) place(d *Deadline, i int) {
	ds.heap[i] = d
	d.at = i + 1
}
