package gossip

import (
	"slices"
	"strings"

	"github.com/mpreg/mpreg/internal/wire"
)

// view holds the records, in the orders in which they are looked for, and the hash
// by which two views are compared.
type view struct {
	byID   map[string]*record
	byKey  map[uint64]*record
	sorted []*record // by id
	rings  rings
	urls   map[string]int // how many live nodes have the URL
	live   int

	// The hash has the live records only: tombstones expire at different times at
	// different nodes, which must be no difference.
	root    uint64
	buckets [wire.GossipBuckets]uint64
}

func newView() view {
	return view{
		byID: make(map[string]*record), byKey: make(map[uint64]*record), urls: make(map[string]int),
	}
}

func bucketOf(key uint64) int { return int(key % wire.GossipBuckets) }

func (v *view) search(id string) (int, bool) {
	return slices.BinarySearchFunc(v.sorted, id, func(r *record, id string) int { return strings.Compare(r.id, id) })
}

// add takes up a record, of which nothing is known yet.
func (v *view) add(r *record) {
	i, _ := v.search(r.id)
	v.sorted = slices.Insert(v.sorted, i, r)
	v.byID[r.id] = r
	v.byKey[r.key] = r
}

// remove forgets a record that is not live.
func (v *view) remove(r *record) {
	i, _ := v.search(r.id)
	v.sorted = slices.Delete(v.sorted, i, i+1)
	delete(v.byID, r.id)
	delete(v.byKey, r.key)
}

// set overwrites what was announced of r.
func (v *view) set(r *record, h *wire.Record) {
	before := r.onRings()
	v.count(r, -1)
	r.stamp, r.announced, r.name, r.urls = h.Stamp, h.Body, h.Name, h.URLs
	v.count(r, 1)
	switch after := r.onRings(); {
	case after && !before:
		v.rings.add(r)
	case before && !after:
		v.rings.remove(r)
	}
}

// count adds or takes away what r is in the sums of the view.
func (v *view) count(r *record, n int) {
	if !r.live() {
		return
	}
	v.live += n
	h := hashOf(r.key, r.stamp, r.announced)
	v.root ^= h
	v.buckets[bucketOf(r.key)] ^= h
	for _, u := range r.urls {
		if v.urls[u] += n; v.urls[u] == 0 {
			delete(v.urls, u)
		}
	}
}

// moved reports whether all URLs of r are those of live nodes: where r was, others
// are now.
func (v *view) moved(r *record) bool {
	return !slices.ContainsFunc(r.urls, func(u string) bool { return v.urls[u] == 0 })
}
