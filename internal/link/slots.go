package link

import (
	"errors"
	"fmt"
	"math"
	"sync"
)

// ErrSlotsFull is matched by what [Slots.Put] returns when all slots are taken.
var ErrSlotsFull = errors.New("too many calls in flight")

// Slots holds what waits for replies, each under an id that the reply names. An id is a
// generation in its upper 32 bits and an index in the lower: a reply that comes
// late, twice, or was invented finds nothing, also when its index has been reused
// (until 2^32 reuses of one index later). No id is 0. In a steady state nothing is
// allocated. The methods may be called concurrently.
type Slots[T any] struct {
	limit int64

	mu     sync.Mutex
	slots  []slot[T]
	free   []uint32 // last in, first out: the memory used last is in the cache
	closed bool
}

type slot[T any] struct {
	generation uint32
	taken      bool
	value      T
}

// NewSlots returns an empty Slots that holds at most limit values; limit ≤ 0 means
// no bound but 2^32 − 1.
func NewSlots[T any](limit int) *Slots[T] {
	s := &Slots[T]{limit: int64(limit)}
	if limit <= 0 {
		s.limit = math.MaxUint32
	}
	s.limit = min(s.limit, math.MaxUint32)
	return s
}

// Put keeps v until Take is called with the id that it returns. It fails with an
// error that matches [ErrSlotsFull], or with [ErrClosed] after Close.
func (s *Slots[T]) Put(v T) (id uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	if len(s.free) == 0 {
		if int64(len(s.slots)) >= s.limit {
			return 0, fmt.Errorf("%w: the limit is %d", ErrSlotsFull, s.limit)
		}
		s.free = append(s.free, uint32(len(s.slots)))
		s.slots = append(s.slots, slot[T]{})
	}
	i := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	e := &s.slots[i]
	if e.generation++; e.generation == 0 {
		e.generation = 1 // so that no id is 0
	}
	e.taken, e.value = true, v
	return uint64(e.generation)<<32 | uint64(i), nil
}

// Get returns the value under id and leaves it there; false if there is none. Take may
// follow at any time: what more than one reply is for has to bear that.
func (s *Slots[T]) Get(id uint64) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(id); e != nil {
		return e.value, true
	}
	var zero T
	return zero, false
}

// Take removes and returns the value under id; false if there is none.
func (s *Slots[T]) Take(id uint64) (T, bool) {
	var zero T
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(id)
	if e == nil {
		return zero, false
	}
	v := e.value
	e.taken, e.value = false, zero
	s.free = append(s.free, uint32(id))
	return v, true
}

// find returns the slot whose id this is, nil if there is none; mu is held.
func (s *Slots[T]) find(id uint64) *slot[T] {
	i, generation := uint32(id), uint32(id>>32)
	if uint64(i) >= uint64(len(s.slots)) {
		return nil
	}
	if e := &s.slots[i]; e.taken && e.generation == generation {
		return e
	}
	return nil
}

// Len returns how many values wait.
func (s *Slots[T]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.slots) - len(s.free)
}

// Close removes and returns all values, in no particular order, and makes Put fail from
// now on: nobody can begin to wait for a reply that will not come.
func (s *Slots[T]) Close() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var left []T
	for i := range s.slots {
		if s.slots[i].taken {
			left = append(left, s.slots[i].value)
		}
	}
	s.slots, s.free = nil, nil
	return left
}

// Seal makes Put fail from now on; the values that are there stay until they are
// taken. Who then finds Len to be 0 knows that it stays so.
func (s *Slots[T]) Seal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
