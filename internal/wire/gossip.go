package wire

// Bounds of gossip. A frame beyond them is malformed.
const (
	// MaxNodeID bounds ids and names of nodes, in bytes.
	MaxNodeID = 256

	// MaxURLs bounds the URLs of a node, and MaxURL each of them, in bytes.
	MaxURLs = 64
	MaxURL  = 2048

	// MaxGossipList bounds each list of a Gossip, in entries.
	MaxGossipList = 1 << 16

	// MaxDeltas bounds the changes that come with a record, and MaxDelta each of
	// them, in bytes. A larger change is not sent as one: others pull the body.
	MaxDeltas = 64
	MaxDelta  = 64 << 10

	// MaxParts bounds the parts of a body: a catalog, and the changes since.
	MaxParts = 1 + MaxDeltas

	// GossipBuckets is how many parts a view is compared in.
	GossipBuckets = 64
)

// Gossip is what one node tells another about the members of the cluster, in one
// frame. Every part may be absent; the zero value says nothing.
type Gossip struct {
	Tick    *Tick
	Records []Record
	Reports []Report
	Pulls   []Pull
	Bodies  []Body

	// Lacking are the ids of nodes whose bodies were asked for without Wait and
	// are not there.
	Lacking []string

	// Buckets, which is nil or has an entry for each of the GossipBuckets, are the
	// hashes of the parts of the sender's view. Digest answers it, and Wanted,
	// the keys of records that are asked for, answers Digest.
	Buckets []uint64
	Digest  *Digest
	Wanted  []uint64
}

// Tick says that a node is there, and what it holds.
type Tick struct {
	Root uint64 // a hash of the sender's view: all bits are used
	Want bool   // whether the sender wants the link to stay
	Load uint64 // what it has to do, as it counts it
}

// Record is what is told of a node whenever it changes.
type Record struct {
	ID, Name string   // an id is not empty
	URLs     []string // where it can be dialed; empty: nowhere
	Stamp    Stamp

	// Body is the version of what it offers, from 1 to MaxBody: it grows with
	// each change, also over restarts.
	Body uint64

	// Deltas are the last len(Deltas) changes that led to Body, oldest first,
	// each an encoded [Delta]. There may be none: the body is asked for then.
	Deltas []string
}

// Report is one node's word that it can't reach another.
type Report struct {
	Subject string // the id of the node that can't be reached
	Stamp   Stamp  // what By knew of it: a report is void below what is known
	By      string // the id of the node that says so

	// Hard says that the node's address refused By, and not only that nothing
	// came from it.
	Hard bool
}

// Pull asks for the body of a node.
type Pull struct {
	ID   string
	Wait bool // whether it may be answered later, by who does not have it yet
}

// Body is what a node offers: an encoded [Catalog], and the changes since.
type Body struct {
	ID      string
	Version uint64   // of the body after all parts, from 1 to MaxBody
	Parts   []string // the first an encoded Catalog, the others encoded Deltas; at least one
}

// Digest says which records a view has in some of its buckets.
type Digest struct {
	Buckets uint64 // a bit for each bucket that the digest is about
	Entries []DigestEntry
}

// DigestEntry is a record, in short.
type DigestEntry struct {
	Key   uint64 // a hash of the id of the node
	Stamp Stamp
	Body  uint64 // as in the Record
}
