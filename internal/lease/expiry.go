package lease

import (
	"container/heap"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// find returns the lease that t is the token of, nil if it ran out, though the
// timer has not ended it yet. s.mu is held, as in all of this file but expire
// and end.
func (s *Store) find(t wire.Token) *entry {
	e := s.leases[t]
	if e == nil || !time.Now().Before(e.deadline) {
		return nil
	}
	return e
}

// remove takes a lease out of the store. Its caller ends it, without s.mu.
func (s *Store) remove(e *entry) {
	delete(s.leases, e.token)
	heap.Remove(&s.queue, e.index)
	if e.file == nil {
		s.memory -= int64(len(e.value.Bytes()))
	}
}

// end does what is left to do for a lease that was removed.
func (s *Store) end(e *entry) error {
	err := s.unuse(e.file)
	if e.ended != nil {
		e.ended()
	}
	return err
}

// arm sets the timer, if the first deadline is before it. It may fire too early,
// after a renewal or a release, and is set again then: that takes less than
// setting it each time.
func (s *Store) arm() {
	first := s.queue[0].deadline
	if !s.wake.IsZero() && !first.Before(s.wake) {
		return
	}
	if s.timer != nil && s.timer.Stop() {
		s.busy.Done()
	}
	s.busy.Add(1)
	s.wake = first
	s.timer = time.AfterFunc(time.Until(first), s.expire)
}

// expire ends the leases that ran out.
func (s *Store) expire() {
	defer s.busy.Done()
	var over []*entry
	s.mu.Lock()
	for now := time.Now(); len(s.queue) > 0 && !now.Before(s.queue[0].deadline); {
		e := s.queue[0]
		s.remove(e)
		over = append(over, e)
	}
	s.wake = time.Time{}
	if len(s.queue) > 0 {
		s.arm()
	}
	s.mu.Unlock()
	for _, e := range over {
		s.report(s.end(e))
	}
}

// queue is a heap of leases, for package heap.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].deadline.Before(q[j].deadline) }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry) //nolint:forcetypeassert // the queue holds nothing else
	e.index = len(*q)
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	old := *q
	last := len(old) - 1
	e := old[last]
	old[last] = nil // or the array would hold the value
	*q = old[:last]
	return e
}
