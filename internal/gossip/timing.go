package gossip

import (
	"cmp"
	"time"
)

// Timing holds the waits of the protocol. A field that is zero or negative has its
// default, which is what the protocol was tuned with: change them together, and for
// all nodes of a cluster.
type Timing struct {
	// Tick is the time between two ticks on each link, ± 10 % so that the ticks
	// of many nodes do not come at once. Default 1 s. Idle traffic is inversely
	// proportional to it; Silence must be several of it.
	Tick time.Duration

	// Silence is how long a link may bring nothing until that is evidence.
	// Default 3 s, three ticks: two may be late or lost in a stall.
	Silence time.Duration

	// Missing is how long a wanted link may be missing until that is evidence.
	// Default 5 s: the Silence, and the 2 s that a dial may take.
	Missing time.Duration

	// Return is what a node that can't be dialed has to come back after its link
	// was lost. Default 1.5 s: a redial of its own with one retry.
	Return time.Duration

	// Quorum is how long most observers must have missed a node until it is
	// dead. Default 4 s. Silence + Quorum less a tick is the longest stall
	// that kills nobody, their sum the time in which a frozen node is found.
	Quorum time.Duration

	// Lone is how long anybody must have missed a node until it is dead, though
	// most observers did not. Default 8 s: it decides where the observers are
	// gone themselves, and gives the node time to refute by other ways.
	Lone time.Duration

	// Rumour is how long a node that others hold for dead may refute. Default
	// 2 s, many times what the news takes there and back.
	Rumour time.Duration

	// Flush is how long news is collected after news was sent: the first piece goes
	// at once, those of a burst share frames. Default 5 ms, a part of what each hop
	// costs anyway.
	Flush time.Duration

	// Maintain is how long changes of the view are collected before the wanted
	// links are worked out anew. Default 100 ms.
	Maintain time.Duration

	// Linger is how long a link stays that neither end wants. Default 10 s, so
	// that a view that changes to and fro does not close and open links.
	Linger time.Duration

	// Pull is how long an asked-for body may take until another is asked.
	// Default 2 s.
	Pull time.Duration

	// Damp is how long after a refutation nobody is accused on soft evidence of
	// one's own. It is four times as long after each further one, up to 64
	// Damp. Default 10 s.
	Damp time.Duration

	// Early is how long a report is kept whose stamp is not known yet.
	// Default 30 s.
	Early time.Duration

	// Tombstone is how long the dead and the departed are remembered. Default
	// 10 min: a node that is cut off for longer comes back as if unknown.
	Tombstone time.Duration

	// Retry is the wait after the first dial that failed. It doubles with each
	// failure up to RetryMax, and is spread from half to one and a half of that.
	// Defaults 250 ms and 10 s.
	Retry, RetryMax time.Duration

	// Settle is how long the view must have been unchanged until it is compared
	// with a neighbour's, since news that is on its way explains a difference;
	// RepairMax is the longest time that a difference is left alone for that
	// reason. Defaults 0.5 s and 4 s.
	Settle, RepairMax time.Duration
}

// withDefaults returns t with the defaults in place of zero fields.
func (t Timing) withDefaults() Timing {
	const ms = time.Millisecond
	or := func(d, otherwise time.Duration) time.Duration { return cmp.Or(max(d, 0), otherwise) }
	return Timing{
		Tick:      or(t.Tick, 1000*ms),
		Silence:   or(t.Silence, 3000*ms),
		Missing:   or(t.Missing, 5000*ms),
		Return:    or(t.Return, 1500*ms),
		Quorum:    or(t.Quorum, 4000*ms),
		Lone:      or(t.Lone, 8000*ms),
		Rumour:    or(t.Rumour, 2000*ms),
		Flush:     or(t.Flush, 5*ms),
		Maintain:  or(t.Maintain, 100*ms),
		Linger:    or(t.Linger, 10_000*ms),
		Pull:      or(t.Pull, 2000*ms),
		Damp:      or(t.Damp, 10_000*ms),
		Early:     or(t.Early, 30_000*ms),
		Tombstone: or(t.Tombstone, 10*time.Minute),
		Retry:     or(t.Retry, 250*ms),
		RetryMax:  or(t.RetryMax, 10_000*ms),
		Settle:    or(t.Settle, 500*ms),
		RepairMax: or(t.RepairMax, 4000*ms),
	}
}
