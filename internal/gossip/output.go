package gossip

import "github.com/mpreg/mpreg/internal/wire"

// Output is what the machine wants done, in the order in which it came up. Nothing
// of it is kept by the machine; strings may be shared.
type Output struct {
	// Sends are the messages to send, the small ones first, those with bodies
	// last. A message has at most about 32 KiB, unless a single body is larger.
	Sends []Send

	// Dials are to be tried now; [Machine.DialDone] is owed for each. There is
	// at most one at a time to a target.
	Dials []Dial

	// Silent are the ids whose links brought nothing for Timing.Silence. The
	// machine counts them as gone. The caller keeps the sockets, and calls Up
	// again if anything comes over them; it may also end them and call Down.
	Silent []string

	// Unused are the ids whose links neither end wants. The caller may close
	// them, which is [Closed], or keep them: they are named again later.
	Unused []string

	Events []Event
	Notes  []Note
}

// Send is a message to a node that has a link.
type Send struct {
	To     string
	Gossip *wire.Gossip
}

// Dial asks for a link, to a node or to whoever is at a seed's URL. All URLs are
// to be tried.
type Dial struct {
	Node string // its id; "" if only the seed is known
	Seed string // the URL as it was configured; "" if a node is dialed
	URLs []string
}

// Outcome is how a dial ended.
type Outcome uint8

// The outcomes.
const (
	// Linked: the node answered; Up is called for it too, before or after.
	Linked Outcome = iota
	// Refused: every URL was refused, so that no process listens there.
	Refused
	// NoAnswer: nothing came, or the handshake failed, at one of the URLs at least.
	NoAnswer
	// Self: this node itself answered.
	Self
	// Other: another node answered than the one that was dialed.
	Other
)

// DialResult says how a dial ended.
type DialResult struct {
	Outcome     Outcome
	Node        string // who answered, with Linked and Other
	Incarnation int64  // of who answered

	// Late says that the caller itself noticed the end of the dial much later than
	// it should have: that nothing came by then is no evidence.
	Late bool
}

// Loss is how a link ended.
type Loss uint8

// The losses.
const (
	// Closed: in order, because one end left or did not need it.
	Closed Loss = iota
	// Lost: it broke, which is the first half of hard evidence.
	Lost
)

// Note is something rare that is worth a line in a log.
type Note struct {
	Kind NoteKind
	ID   string // whom it is about
	From string // who said so
}

// NoteKind is what a note is about.
type NoteKind uint8

// The kinds of notes.
const (
	// ForeignClaim: another process, or a former life, goes by this node's id.
	ForeignClaim NoteKind = iota
	// TooManyMembers: a node was not taken up, see Config.MaxMembers.
	TooManyMembers
	// Malformed: a message contradicts itself or the protocol.
	Malformed
	// Exhausted: this node's stamp can't be raised above what is claimed of it.
	// Others will hold it for what they were told: it needs a new id.
	Exhausted
)

// String returns the kind in lower case, as for a log.
func (k NoteKind) String() string {
	return name(int(k), "foreign claim", "too many members", "malformed", "exhausted")
}

// name returns the text of a kind, "unknown" beyond them.
func name(i int, names ...string) string {
	if i >= len(names) {
		return "unknown"
	}
	return names[i]
}

// maxNotes bounds the notes of one Output: they are for people.
const maxNotes = 16
