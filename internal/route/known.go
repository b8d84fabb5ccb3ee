package route

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// known are the candidates for what calls ask for most, one loc or none, of the
// functions that were called. Reading them takes no lock. What has changed is
// dropped, and learned anew when it is called for again. The zero known is empty.
type known[R any] struct {
	own       atomic.Uint64                                // counts the changes of what this node offers
	functions atomic.Pointer[map[string]*knownFunction[R]] // copied to be added to

	mu     sync.Mutex // of who adds
	copied int        // places that were copied since functions was made anew
	missed int        // functions for which there was no room
}

type knownFunction[R any] struct {
	answers atomic.Pointer[answers[R]] // nil if they have changed
}

// answers are the candidates for one function.
type answers[R any] struct {
	own   uint64
	plain *answer[R] // without locs; nil if nobody has asked
	at    []answerAt[R]
}

// answerAt is the answer for a loc. There are so few that searching is quicker than a
// map.
type answerAt[R any] struct {
	loc    string
	answer *answer[R]
}

// answer is who can run a function with some locs.
type answer[R any] struct {
	candidates candidates[R]
	rival      rival[R]
}

const (
	maxKnown     = 1024    // functions. Where more are in use, one in a while begins anew
	maxKnownLocs = 16      // of a function
	maxLearned   = 4096    // groups and sets of a function: choosing among more is by search
	maxCopied    = 1 << 20 // places: 8 MiB
)

// find returns what is known of a query, nil if nothing is.
func (k *known[R]) find(q *Query) *answer[R] {
	functions := k.functions.Load()
	if functions == nil || len(q.Locs) > 1 {
		return nil
	}
	f := (*functions)[q.Function]
	if f == nil {
		return nil
	}
	a := f.answers.Load()
	if a == nil || a.own != k.own.Load() {
		return nil
	}
	return a.find(q.Locs)
}

func (a *answers[R]) find(locs []string) *answer[R] {
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
func (k *known[R]) drop(function string) {
	if functions := k.functions.Load(); functions != nil {
		if f := (*functions)[function]; f != nil {
			f.answers.Store(nil)
		}
	}
}

// add remembers what was found when own was what it says.
func (k *known[R]) add(q *Query, own uint64, found *answer[R], copied int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.function(q.Function, copied)
	if f == nil {
		return
	}
	next := &answers[R]{own: own}
	if a := f.answers.Load(); a != nil && a.own >= own {
		if a.own > own || a.find(q.Locs) != nil || len(q.Locs) > 0 && len(a.at) >= maxKnownLocs {
			return // somebody else was first, or there is no room
		}
		next.plain, next.at = a.plain, slices.Clip(a.at)
	}
	if len(q.Locs) == 0 {
		next.plain = found
	} else {
		next.at = append(next.at, answerAt[R]{strings.Clone(q.Locs[0]), found}) // not all of a message
	}
	f.answers.Store(next)
}

// function returns a function's entry, nil if there is no room for it. mu is held.
func (k *known[R]) function(name string, copied int) *knownFunction[R] {
	var before map[string]*knownFunction[R]
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
	after := make(map[string]*knownFunction[R], len(before)+1)
	maps.Copy(after, before)
	f := new(knownFunction[R])
	after[strings.Clone(name)] = f
	k.functions.Store(&after)
	return f
}

// learn finds who can run what a query asks for, and remembers it. It returns nil if there
// are none, for whoever asks for what is not there is to cost no memory, and if there
// are so many that choosing from a few of them is better.
func (t *Table[R]) learn(q *Query) *answer[R] {
	if len(q.Locs) > 1 {
		return nil
	}
	version := t.known.own.Load() // before looking: what this node changes after that counts
	own := t.home.Offer(q.Function, q.Locs)
	t.mu.RLock() // until it is remembered: what changes after that drops it
	defer t.mu.RUnlock()
	var groups []group[R]
	if e := t.functions[q.Function]; e != nil {
		if e.all.count > maxLearned {
			return nil
		}
		if groups = t.search(nil, e, q.Locs, maxLearned+1); len(groups) > maxLearned {
			return nil
		}
	}
	a := &answer[R]{candidates: candidatesOf(groups)}
	if a.candidates.n == 0 && own.Place == nil {
		return nil
	}
	a.rival = rivalOf(own, &a.candidates, q.Locs)
	t.known.add(q, version, a, a.candidates.gather())
	return a
}
