package gossip

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// Machine is the membership of one node. Times are durations since any fixed
// beginning, by a clock that does not go back. It is not safe for concurrent use:
// its owner calls one method at a time, and Take after each, or after several.
type Machine struct {
	timing     Timing
	rand       *rand.Rand
	maxMembers int

	now   time.Duration
	view  view
	self  *record
	links links
	seeds []*seed
	load  uint64

	early  map[string]*suspicion // reports about nodes that are not known
	alarms alarms
	near   []*record // room for observers
	queued bool      // some bodies are to be asked for

	tickAt, flushAt, maintainAt, seekAt time.Duration
	flushedAt                           time.Duration // when what waited was sent last

	changedAt time.Duration // when the view changed last
	waryUntil time.Duration // until then the node mistrusts its own soft evidence: it was late itself
	session   *link         // over which views are compared now; nil
	sessionAt time.Duration

	refutations int        // since the last tick, and what is left of those before
	claim       wire.Stamp // the largest stamp that was not contradicted yet; zero: none
	claimBody   uint64

	due   bool // a link is due
	out   Output
	stats Stats
}

// New returns the machine of a node that starts now. Numbers of cfg beyond what can be
// sent are put within bounds.
func New(now time.Duration, cfg Config) *Machine {
	m := &Machine{
		timing: cfg.Timing.withDefaults(), rand: cfg.Rand, maxMembers: cfg.MaxMembers,
		now: now, view: newView(), links: links{byID: make(map[string]*link)},
		early:   make(map[string]*suspicion),
		flushAt: never, flushedAt: now - cfg.Timing.withDefaults().Flush, maintainAt: never, seekAt: now,
	}
	if m.maxMembers <= 0 {
		m.maxMembers = defaultMaxMembers
	}
	incarnation := min(max(cfg.Incarnation, 1), wire.MaxIncarnation)
	m.self = newRecord(cfg.ID)
	m.view.add(m.self)
	m.view.set(m.self, &wire.Record{
		ID: cfg.ID, Name: cfg.Name, URLs: slices.Clone(cfg.URLs),
		Stamp: wire.Stamp{Incarnation: incarnation, Version: 1}, Body: uint64(incarnation),
	})
	m.self.since = now
	m.self.body.replace(uint64(incarnation), []string{cfg.Body})
	m.setSeeds(cfg.Seeds)
	m.changedAt = now - m.timing.Settle
	m.tickAt = now + time.Duration(m.rand.Int64N(int64(m.timing.Tick)))
	return m
}

// Next returns when Advance must be called next. Every other method may bring it
// nearer.
func (m *Machine) Next() time.Duration {
	next := min(m.tickAt, m.flushAt, m.maintainAt, m.seekAt)
	if len(m.alarms) > 0 {
		next = min(next, m.alarms[0].wake)
	}
	return next
}

// NextTick returns when the next tick is due, in which the machine judges who is
// silent: Advance does it then. In a process that has more to do than it can, its owner
// should see to it that Advance is called no sooner than what has come in was read.
func (m *Machine) NextTick() time.Duration { return m.tickAt }

// Advance does what is due. Call Heard before, for what came since. It must not
// overtake what waits to be read. On busy cores Go runs timers long before goroutines
// that could read: whose timer calls Advance yields first (runtime.Gosched, two or three
// times), or the node takes all others for silent, and its own tick, which would be
// late as well, does not show that it is the slow one. The simulator has a cluster that
// never comes up for that reason.
func (m *Machine) Advance(now time.Duration) {
	m.enter(now)
	if m.tickAt <= m.now {
		m.tick()
	}
	for len(m.alarms) > 0 && m.alarms[0].wake <= m.now {
		m.ring(m.alarms[0])
	}
	if m.maintainAt <= m.now {
		m.maintain()
	}
	if m.seekAt <= m.now {
		m.seek()
	}
	if m.flushAt <= m.now {
		m.flush()
	}
}

// ring does what is due about r. Afterwards nothing is.
func (m *Machine) ring(r *record) {
	if r.returnBy <= m.now {
		r.returnBy = never
		if m.links.get(r.id) == nil {
			m.accuse(r, false)
		}
	}
	if r.pull.state == pullAsked && r.pull.until <= m.now {
		m.queue(r)
	}
	if r.suspicion != nil && r.suspicion.deadline <= m.now {
		m.evaluate(r)
	}
	m.alarms.set(r)
}

// SetLoad says what the node has to do, for the next ticks.
func (m *Machine) SetLoad(n uint64) { m.load = n }

func (m *Machine) event(e Event) { m.out.Events = append(m.out.Events, e) }

func (m *Machine) note(kind NoteKind, id, from string) {
	if len(m.out.Notes) < maxNotes {
		m.out.Notes = append(m.out.Notes, Note{kind, id, from})
	}
}
