package mpreg

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// candidates are the places at other nodes where a function with some locs can run,
// and equally well. They do not change: others may be choosing from them.
type candidates struct {
	groups []group  // the places, or some of them
	places []*place // instead of groups, if they are all
	n      int
}

// rival is what this node itself has that candidates have to be compared to.
type rival struct {
	offer  *offer // nil if it has none that fits
	nearer int    // < 0 if it has fewer locs beyond those asked for than the candidates have, > 0 if more
	every  bool   // every node has the function
}

// newRival compares what this node has to candidates.
func newRival(o *offer, every bool, a *candidates, locs []string) rival {
	r := rival{offer: o, every: every}
	if o != nil && a.n > 0 {
		r.nearer = cmp.Compare(surplus(o.locs, locs), surplus(a.groups[0].set.own, locs))
	}
	return r
}

// newCandidates returns the places of groups.
func newCandidates(groups []group) candidates {
	n := 0
	for _, g := range groups {
		n += len(g.places)
	}
	return candidates{groups: groups, n: n}
}

// at returns the i-th of the n places.
func (a *candidates) at(i int) *place {
	if a.groups == nil {
		return a.places[i]
	}
	for _, g := range a.groups {
		if i < len(g.places) {
			return g.places[i]
		}
		i -= len(g.places)
	}
	return nil
}

// gather puts the places of all groups into one list. It returns how many it had to
// copy for that.
func (a *candidates) gather() (copied int) {
	switch len(a.groups) {
	case 0:
	case 1:
		a.places = a.groups[0].places
	default:
		a.places = make([]*place, 0, a.n)
		for _, g := range a.groups {
			a.places = append(a.places, g.places...)
		}
		copied = a.n
	}
	a.groups = nil
	return copied
}

// without returns the candidates but for some members.
func (a *candidates) without(members []*member, from string) candidates {
	var left candidates
	for i := range a.n {
		if p := a.at(i); p.member.id != from && !slices.Contains(members, p.member) {
			left.places = append(left.places, p)
		}
	}
	left.n = len(left.places)
	return left
}

// known are the candidates for what calls ask for most, one loc or none, of the
// functions that were called. Reading them takes no lock. What has changed is
// dropped, and learned anew when it is called for again. The zero known is empty.
type known struct {
	own       atomic.Uint64                             // counts the changes of what this node offers
	functions atomic.Pointer[map[string]*knownFunction] // copied to be added to

	mu     sync.Mutex // of who adds
	copied int        // places that were copied since functions was made anew
	missed int        // functions for which there was no room
}

type knownFunction struct {
	answers atomic.Pointer[answers] // nil if they have changed
}

// answers are the candidates for one function.
type answers struct {
	own   uint64
	plain *answer // without locs; nil if nobody has asked
	at    []answerAt
}

// answerAt is the answer for a loc. There are so few that searching is quicker than a
// map.
type answerAt struct {
	loc    string
	answer *answer
}

// answer is who can run a function with some locs.
type answer struct {
	candidates candidates
	rival      rival
}

const (
	maxKnown     = 1024    // functions. Where more are in use, one in a while begins anew
	maxKnownLocs = 16      // of a function
	maxLearned   = 4096    // groups and sets of a function: choosing among more is by search
	maxCopied    = 1 << 20 // places: 8 MiB
)

// find returns what is known of a query, nil if nothing is.
func (k *known) find(q *query) *answer {
	functions := k.functions.Load()
	if functions == nil || len(q.locs) > 1 {
		return nil
	}
	f := (*functions)[q.function]
	if f == nil {
		return nil
	}
	a := f.answers.Load()
	if a == nil || a.own != k.own.Load() {
		return nil
	}
	return a.find(q.locs)
}

func (a *answers) find(locs []string) *answer {
	if len(locs) == 0 {
		return a.plain
	}
	for i := range a.at {
		if a.at[i].loc == locs[0] {
			return a.at[i].answer
		}
	}
	return nil
}

// drop forgets what is known of a function. Nobody learns at the same time.
func (k *known) drop(function string) {
	if functions := k.functions.Load(); functions != nil {
		if f := (*functions)[function]; f != nil {
			f.answers.Store(nil)
		}
	}
}

// add remembers what was found when own was what it says.
func (k *known) add(q *query, own uint64, found *answer, copied int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.function(q.function, copied)
	if f == nil {
		return
	}
	next := &answers{own: own}
	if a := f.answers.Load(); a != nil && a.own >= own {
		if a.own > own || a.find(q.locs) != nil || len(q.locs) > 0 && len(a.at) >= maxKnownLocs {
			return // somebody else was first, or there is no room
		}
		next.plain, next.at = a.plain, slices.Clip(a.at)
	}
	if len(q.locs) == 0 {
		next.plain = found
	} else {
		next.at = append(next.at, answerAt{strings.Clone(q.locs[0]), found}) // not all of a message
	}
	f.answers.Store(next)
}

// function returns a function's entry, nil if there is no room for it. mu is held.
func (k *known) function(name string, copied int) *knownFunction {
	var before map[string]*knownFunction
	if p := k.functions.Load(); p != nil {
		before = *p
	}
	k.copied += copied
	if f := before[name]; f != nil && k.copied <= maxCopied {
		return f
	}
	full := len(before) >= maxKnown
	if k.missed++; full && k.missed < 16*maxKnown {
		return nil // copying a large map for each call would cost more than it saves
	}
	if full || k.copied > maxCopied {
		before, k.copied = nil, copied
	}
	k.missed = 0
	after := make(map[string]*knownFunction, len(before)+1)
	maps.Copy(after, before)
	f := new(knownFunction)
	after[strings.Clone(name)] = f
	k.functions.Store(&after)
	return f
}

// learn finds who can run what a query asks for, and remembers it. It returns nil if there
// are none, for whoever asks for what is not there is to cost no memory, and if there
// are so many that choosing from a few of them is better.
func (c *cluster) learn(q *query) *answer {
	if len(q.locs) > 1 {
		return nil
	}
	own := c.routes.known.own.Load() // before looking: what this node changes after that counts
	local, every := c.here(*q), c.self.builtins.has(q.function)
	return c.routes.learn(q, own, local, every)
}

// learn is the routes' part of a cluster's learn.
func (r *routes) learn(q *query, own uint64, local *offer, every bool) *answer {
	r.mu.RLock() // until it is remembered: what changes after that drops it
	defer r.mu.RUnlock()
	var groups []group
	if f := r.functions[q.function]; f != nil {
		if f.all.count > maxLearned {
			return nil
		}
		if groups = r.search(nil, f, q.locs, maxLearned+1); len(groups) > maxLearned {
			return nil
		}
	}
	a := &answer{candidates: newCandidates(groups)}
	if a.candidates.n == 0 && local == nil {
		return nil
	}
	a.rival = newRival(local, every, &a.candidates, q.locs)
	r.known.add(q, own, a, a.candidates.gather())
	return a
}
