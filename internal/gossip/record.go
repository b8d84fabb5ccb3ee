package gossip

import (
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// never is a deadline that does not come.
const never = time.Duration(1<<63 - 1)

// record is all that is known of a node, and what this node has to do with it.
type record struct {
	id        string
	key       uint64
	name      string
	urls      []string
	stamp     wire.Stamp
	announced uint64 // the version of the body that it is said to have
	body      body   // what is here of it; nothing of the dead and the departed
	load      uint64
	since     time.Duration // when it came into its state

	suspicion *suspicion // nil: nobody misses it
	pull      pull
	target    target

	unreachable  bool          // there was evidence, and no link since
	missingSince time.Duration // since when a wanted link is missing; never
	returnBy     time.Duration // when its lost link is evidence, if it can't be dialed; never
	wasLong      bool          // the link that was lost last had lasted
	lost         bool          // a link of this life broke, and there was none since
	refused      bool          // the last dial was hard evidence

	quietUntil time.Duration // no soft report of one's own until then
	strikes    int           // refutations that each make the quiet four times as long

	alarm int // position in the alarms; -1: in none
	wake  time.Duration
}

func newRecord(id string) *record {
	return &record{
		id: id, key: keyOf(id),
		missingSince: never, returnBy: never, wake: never, alarm: -1,
	}
}

func (r *record) live() bool     { return r.stamp.Live() }
func (r *record) dialable() bool { return len(r.urls) > 0 }

// onRings reports whether the record has a place on the rings.
func (r *record) onRings() bool { return r.live() && r.dialable() }

// below reports whether h is news to who holds r. The body's version decides only
// between two processes with one stamp, so that all nodes end with the same one.
func (r *record) below(h *wire.Record) bool {
	if c := r.stamp.Compare(h.Stamp); c != 0 {
		return c < 0
	}
	return r.announced < h.Body
}

// deadline is the earliest time at which something about r becomes due.
func (r *record) deadline() time.Duration {
	d := r.returnBy
	if r.pull.state == pullAsked {
		d = min(d, r.pull.until)
	}
	if r.suspicion != nil {
		d = min(d, r.suspicion.deadline)
	}
	return d
}
