package wire_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

// several draws a list of up to three; an empty one is nil.
func several[T any](t *rapid.T, label string, draw *rapid.Generator[T]) []T {
	var list []T
	for range rapid.IntRange(0, 3).Draw(t, label) {
		list = append(list, draw.Draw(t, label))
	}
	return list
}

var (
	nodeIDs = rapid.OneOf(rapid.StringMatching(`01[0-9A-Z]{24}`), rapid.StringN(1, -1, wire.MaxNodeID))
	bodies  = rapid.Uint64Range(1, wire.MaxBody)
	hashes  = rapid.Uint64()

	// opaques are what need not be text.
	opaques = rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) })
)

var stamps = rapid.Custom(func(t *rapid.T) wire.Stamp {
	return wire.Stamp{
		Incarnation: rapid.Int64Range(1, wire.MaxIncarnation).Draw(t, "incarnation"),
		Version:     rapid.Uint64Range(1, wire.MaxVersion).Draw(t, "version"),
		State:       rapid.SampledFrom([]wire.State{wire.Alive, wire.Dead, wire.Left}).Draw(t, "state"),
	}
})

var records = rapid.Custom(func(t *rapid.T) wire.Record {
	return wire.Record{
		ID: nodeIDs.Draw(t, "id"), Name: rapid.StringN(0, -1, wire.MaxNodeID).Draw(t, "name"),
		URLs:  several(t, "urls", rapid.StringN(1, -1, wire.MaxURL)),
		Stamp: stamps.Draw(t, "stamp"), Body: bodies.Draw(t, "body"),
		Deltas: several(t, "deltas", opaques),
	}
})

var reports = rapid.Custom(func(t *rapid.T) wire.Report {
	return wire.Report{
		Subject: nodeIDs.Draw(t, "subject"), Stamp: stamps.Draw(t, "stamp"),
		By: nodeIDs.Draw(t, "by"), Hard: rapid.Bool().Draw(t, "hard"),
	}
})

var nodeBodies = rapid.Custom(func(t *rapid.T) wire.Body {
	return wire.Body{
		ID: nodeIDs.Draw(t, "id"), Version: bodies.Draw(t, "version"),
		Parts: rapid.SliceOfN(opaques, 1, 3).Draw(t, "parts"),
	}
})

var digests = rapid.Custom(func(t *rapid.T) *wire.Digest {
	entry := rapid.Custom(func(t *rapid.T) wire.DigestEntry {
		return wire.DigestEntry{Key: hashes.Draw(t, "key"), Stamp: stamps.Draw(t, "stamp"), Body: bodies.Draw(t, "body")}
	})
	return &wire.Digest{Buckets: hashes.Draw(t, "buckets"), Entries: several(t, "entries", entry)}
})

var pulls = rapid.Custom(func(t *rapid.T) wire.Pull {
	return wire.Pull{ID: nodeIDs.Draw(t, "id"), Wait: rapid.Bool().Draw(t, "wait")}
})

// gossips draws gossip, mostly of several parts, that comes back from a frame as
// it is.
var gossips = rapid.Custom(func(t *rapid.T) *wire.Gossip {
	g := &wire.Gossip{
		Records: several(t, "records", records),
		Reports: several(t, "reports", reports),
		Pulls:   several(t, "pulls", pulls),
		Bodies:  several(t, "bodies", nodeBodies),
		Lacking: several(t, "lacking", nodeIDs),
		Wanted:  several(t, "wanted", hashes),
	}
	if rapid.Bool().Draw(t, "ticks") {
		g.Tick = &wire.Tick{
			Root: hashes.Draw(t, "root"), Want: rapid.Bool().Draw(t, "want"), Load: rapid.Uint64Max(1<<63-1).Draw(t, "load"),
		}
	}
	if rapid.Bool().Draw(t, "compares") {
		g.Buckets = rapid.SliceOfN(hashes, wire.GossipBuckets, wire.GossipBuckets).Draw(t, "buckets")
	}
	if rapid.Bool().Draw(t, "digests") {
		g.Digest = digests.Draw(t, "digest")
	}
	return g
})

// fewOffers draws lists of offers with few names and locs, so that some are the
// same and the tables of a text are used. No two have the same key.
var fewOffers = rapid.Custom(func(t *rapid.T) []wire.Offer {
	word := rapid.SampledFrom([]string{"a", "b", "c", "é"})
	var list []wire.Offer
	seen := map[string]bool{}
	for range rapid.IntRange(0, 12).Draw(t, "functions") {
		o := wire.Offer{
			Name: word.Draw(t, "name"), Locs: several(t, "locs", word), Signature: rapid.OneOf(rapid.Just(""), word).Draw(t, "signature"),
			Doc: rapid.OneOf(rapid.Just(""), word).Draw(t, "doc"), Idempotent: rapid.Bool().Draw(t, "idempotent"),
		}
		if key := fmt.Sprintf("%q %q", o.Name, o.Locs); !seen[key] {
			seen[key] = true
			list = append(list, o)
		}
	}
	return list
})

var offers = rapid.Custom(func(t *rapid.T) wire.Offer {
	return wire.Offer{
		Name: names.Draw(t, "name"), Locs: texts.Draw(t, "locs"), Signature: rapid.String().Draw(t, "signature"),
		Doc: rapid.String().Draw(t, "doc"), Idempotent: rapid.Bool().Draw(t, "idempotent"),
	}
})

// catalogs draws catalogs that come back from a text as they are.
var catalogs = rapid.Custom(func(t *rapid.T) *wire.Catalog {
	if rapid.Bool().Draw(t, "any") {
		return &wire.Catalog{Resources: texts.Draw(t, "resources"), Functions: several(t, "offers", offers)}
	}
	return &wire.Catalog{Resources: several(t, "resources", rapid.SampledFrom([]string{"a", "b"})), Functions: fewOffers.Draw(t, "offers")}
})

var deltas = rapid.Custom(func(t *rapid.T) *wire.Delta {
	d := &wire.Delta{Added: fewOffers.Draw(t, "added"), SetsResources: rapid.Bool().Draw(t, "sets resources")}
	if d.SetsResources {
		d.Resources = texts.Draw(t, "resources")
	}
	for _, o := range fewOffers.Draw(t, "removed") {
		d.Removed = append(d.Removed, wire.OfferKey{Name: o.Name, Locs: o.Locs})
	}
	return d
})
