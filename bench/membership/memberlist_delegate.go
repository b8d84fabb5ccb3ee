package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"sync"

	"github.com/hashicorp/memberlist"
)

// delegate spreads catalogs with what memberlist has for data of the application:
// all known ones with each push/pull, and changes by gossip. Metadata, which would
// come with the member itself, ends at 512 bytes.
type delegate struct {
	node    int
	board   *board
	changes memberlist.TransmitLimitedQueue

	mu       sync.Mutex
	catalogs []catalog // by node
}

// catalog is a node's, as another one has it.
type catalog struct {
	version uint64 // 1 at the start, one more with each change; 0: not known
	text    string
}

var (
	_ memberlist.Delegate      = (*delegate)(nil)
	_ memberlist.EventDelegate = (*delegate)(nil)
)

// newDelegate returns the delegate of a node with its catalog. members tells how
// many there are, on which it depends how often a change is sent.
func newDelegate(node int, b *board, multiplier int, members func() int) *delegate {
	d := &delegate{node: node, board: b, catalogs: make([]catalog, b.size)}
	d.catalogs[node] = catalog{1, text(catalogOf(node))}
	d.changes.NumNodes, d.changes.RetransmitMult = members, multiplier
	return d
}

// offer changes the node's own catalog, and returns its new version.
func (d *delegate) offer(o offer) uint64 {
	d.mu.Lock()
	own := &d.catalogs[d.node]
	added := text([]offer{o})
	own.version++
	own.text += added
	message := appendCatalog(nil, d.node, own.version, added)
	version := own.version
	d.mu.Unlock()
	d.changes.QueueBroadcast(change(message))
	return version
}

// NodeMeta implements memberlist.Delegate.
func (d *delegate) NodeMeta(int) []byte { return nil }

// NotifyMsg implements memberlist.Delegate. What is new to the node it passes on:
// memberlist's queue would only send what its owner says.
func (d *delegate) NotifyMsg(message []byte) {
	added, _, err := cutCatalog(message, d.board.size)
	if err != nil {
		return
	}
	d.mu.Lock()
	known := &d.catalogs[added.node]
	isNext := known.version > 0 && added.version == known.version+1
	if isNext {
		known.version, known.text = added.version, known.text+string(added.text)
	}
	d.mu.Unlock()
	if isNext {
		d.board.knows(d.node, added.node, added.version)
		d.changes.QueueBroadcast(change(bytes.Clone(message)))
	}
}

// GetBroadcasts implements memberlist.Delegate.
func (d *delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.changes.GetBroadcasts(overhead, limit)
}

// LocalState implements memberlist.Delegate: all catalogs that the node knows. With
// its own only, each node would have to do a push/pull with each other one, of which
// there is one in 90 s at 100 nodes.
func (d *delegate) LocalState(bool) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	var state []byte
	for node, c := range d.catalogs {
		if c.version > 0 {
			state = appendCatalog(state, node, c.version, c.text)
		}
	}
	return state
}

// MergeRemoteState implements memberlist.Delegate.
func (d *delegate) MergeRemoteState(state []byte, _ bool) {
	for len(state) > 0 {
		told, rest, err := cutCatalog(state, d.board.size)
		if err != nil {
			return
		}
		d.mu.Lock()
		known := &d.catalogs[told.node]
		isNewer := told.version > known.version
		if isNewer {
			known.version, known.text = told.version, string(told.text)
		}
		d.mu.Unlock()
		if isNewer {
			d.board.knows(d.node, told.node, told.version)
		}
		state = rest
	}
}

// NotifyJoin implements memberlist.EventDelegate.
func (d *delegate) NotifyJoin(n *memberlist.Node) { d.note(n, d.board.alive) }

// NotifyLeave implements memberlist.EventDelegate: of the dead as well.
func (d *delegate) NotifyLeave(n *memberlist.Node) { d.note(n, d.board.gone) }

// NotifyUpdate implements memberlist.EventDelegate.
func (d *delegate) NotifyUpdate(*memberlist.Node) {}

func (d *delegate) note(n *memberlist.Node, on func(viewer, member int)) {
	if node, err := nodeNumber(n.Name); err == nil {
		on(d.node, node)
	}
}

// change is a message of the queue. None replaces another: they build on each other.
type change []byte

// Invalidates implements memberlist.Broadcast.
func (change) Invalidates(memberlist.Broadcast) bool { return false }

// Message implements memberlist.Broadcast.
func (c change) Message() []byte { return c }

// Finished implements memberlist.Broadcast.
func (change) Finished() {}

// told is a catalog, or what was added to it, in a message.
type told struct {
	node    int
	version uint64
	text    []byte // within the message
}

func appendCatalog(dst []byte, node int, version uint64, text string) []byte {
	dst = binary.AppendUvarint(dst, uint64(node))
	dst = binary.AppendUvarint(dst, version)
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// cutCatalog decodes the first catalog of src, and returns what comes after it.
func cutCatalog(src []byte, nodes int) (t told, rest []byte, err error) {
	var head [3]uint64
	for i := range head {
		value, n := binary.Uvarint(src)
		if n <= 0 {
			return told{}, nil, io.ErrUnexpectedEOF
		}
		head[i], src = value, src[n:]
	}
	node, version, size := head[0], head[1], head[2]
	if node >= uint64(nodes) || size > uint64(len(src)) {
		return told{}, nil, fmt.Errorf("a catalog of node %d with %d bytes: there are %d nodes, and %d bytes left", node, size, nodes, len(src))
	}
	return told{int(node), version, src[:size]}, src[size:], nil
}
