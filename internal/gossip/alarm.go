package gossip

import (
	"cmp"
	"container/heap"
	"strings"
)

// alarms is a heap of the records with a deadline, the next first. A record is in it
// once at most, so that it is no larger than the view.
type alarms []*record

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (a alarms) Len() int { return len(a) }

// Less goes by the id among equals, so that the order can be replayed.
func (a alarms) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].wake, a[j].wake), strings.Compare(a[i].id, a[j].id)) < 0
}

func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].alarm, a[j].alarm = i, j
}

// Push appends a *record.
func (a *alarms) Push(x any) {
	r, _ := x.(*record)
	r.alarm = len(*a)
	*a = append(*a, r)
}

// Pop removes the last.
func (a *alarms) Pop() any {
	last := len(*a) - 1
	r := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	r.alarm = -1
	return r
}

// set brings the alarm of r in line with its deadlines.
func (a *alarms) set(r *record) {
	wake := r.deadline()
	switch {
	case wake == r.wake:
	case r.alarm < 0:
		r.wake = wake
		heap.Push(a, r)
	case wake == never:
		heap.Remove(a, r.alarm)
		r.wake = never
	default:
		r.wake = wake
		heap.Fix(a, r.alarm)
	}
}
