package gossip

import (
	"slices"

	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// maxDeltas bounds the changes that are kept of a body, after which it is
	// asked for as a whole again: receivers can't shorten what they don't read.
	maxDeltas = 32

	// maxDeltaBytes bounds the changes that come with one record. A record is
	// pushed over all links: what is larger is better asked for, once.
	maxDeltaBytes = 4 << 10
)

// body is what a node offers, as far as it is here. The zero value is nothing.
type body struct {
	version uint64
	parts   []string // the first is whole, the others change it
	recent  []string // the changes that led to version, one for each version, oldest first
}

// since returns the changes that lead from a version to this one; nil if they are
// not all here, or are too large to be pushed.
func (b *body) since(version uint64) []string {
	n := b.version - version
	if version > b.version || n > uint64(len(b.recent)) {
		return nil
	}
	deltas := b.recent[uint64(len(b.recent))-n:]
	if size(deltas) > maxDeltaBytes {
		return nil
	}
	return deltas
}

// advance applies those of a record's changes that are missing, and returns them. It
// fails if they do not lead on from what is here, or are too many.
func (b *body) advance(h *wire.Record) ([]string, bool) {
	if b.version == 0 || h.Body <= b.version || size(h.Deltas) > maxDeltaBytes {
		return nil, false
	}
	n := h.Body - b.version
	if n > uint64(len(h.Deltas)) || uint64(len(b.parts))+n > 1+maxDeltas {
		return nil, false
	}
	deltas := h.Deltas[uint64(len(h.Deltas))-n:]
	// Whoever was given the shorter slice sees nothing of what is appended.
	b.parts = append(b.parts, deltas...)
	b.version, b.recent = h.Body, b.parts[1:]
	return deltas, true
}

// replace makes the whole of what came the body.
func (b *body) replace(version uint64, parts []string) {
	*b = body{version: version, parts: parts, recent: parts[1:]}
}

// change is what the owner does: it knows the whole, and the change if it is small.
func (b *body) change(whole, delta string) {
	b.version++
	b.parts = []string{whole}
	if delta == "" || len(delta) > maxDeltaBytes {
		b.recent = nil
		return
	}
	b.recent = slices.Concat(b.recent[max(0, len(b.recent)+1-maxDeltas):], []string{delta})
}

func size(texts []string) int {
	n := 0
	for _, t := range texts {
		n += len(t)
	}
	return n
}
