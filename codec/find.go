package codec

import (
	"cmp"
	"slices"
	"strconv"
)

// Find implements [Walker].
func (JSON) Find(data []byte, path ...string) (start, end int, ok bool) {
	var few [shortPath]node
	t := tree{nodes: appendChain(few[:0], path)}
	return t.last(t.findJSON(data))
}

// FindAll returns what [JSON.Find] finds for each of the paths, the zero Span
// for one that leads nowhere. However many there are, data is read once, and
// the time it takes is in proportion to the size of data and of the paths.
func (JSON) FindAll(data []byte, paths [][]string) []Span {
	t, ends := newTree(paths)
	return t.spans(ends, t.findJSON(data))
}

// Find implements [Walker]. A map's keys that are integers or bools are found
// under the text that they have in JSON. A key that is there twice leads
// nowhere: such data does not decode.
func (CBOR) Find(data []byte, path ...string) (start, end int, ok bool) {
	var few [shortPath]node
	t := tree{nodes: appendChain(few[:0], path)}
	return t.last(t.findCBOR(data))
}

// FindAll returns what [CBOR.Find] finds for each of the paths, as
// [JSON.FindAll] does.
func (CBOR) FindAll(data []byte, paths [][]string) []Span {
	t, ends := newTree(paths)
	return t.spans(ends, t.findCBOR(data))
}

// tree is a set of paths: node 0 is the whole value. The walk over data for
// all of them notes in the nodes where it finds their values.
type tree struct {
	nodes []node
	next  map[step]int // nil if there is one path: node n+1 is below node n
}

// step leads from a node to one below it.
type step struct {
	from int
	key  string
}

// node is a place that paths lead to, or through. Children are linked, those
// whose keys are indexes first, in order; 0 is none.
type node struct {
	parent, child, sibling int
	key                    string
	index                  int // -1 if key is none
	// span is that of the value read last. It is from an earlier duplicate, and
	// void, if it does not start within the parent's.
	span Span
}

// shortPath is how many nodes Find can have without allocating them.
const shortPath = 8

// appendChain appends the nodes of a tree with one path.
func appendChain(nodes []node, path []string) []node {
	nodes = append(nodes, node{index: -1})
	for n, key := range path {
		nodes[n].child = n + 1
		nodes = append(nodes, node{parent: n, key: key, index: arrayIndex(key)})
	}
	return nodes
}

// newTree returns the tree of some paths, and the node at the end of each.
func newTree(paths [][]string) (t tree, ends []int) {
	t = tree{nodes: []node{{index: -1}}, next: make(map[step]int)}
	ends = make([]int, len(paths))
	for k, path := range paths {
		at := 0
		for _, key := range path {
			n, ok := t.next[step{at, key}]
			if !ok {
				n = len(t.nodes)
				t.next[step{at, key}] = n
				t.nodes = append(t.nodes, node{parent: at, key: key, index: arrayIndex(key)})
			}
			at = n
		}
		ends[k] = at
	}
	t.link()
	return t, ends
}

// link links the children of all nodes.
func (t *tree) link() {
	order := make([]int, len(t.nodes)-1)
	for k := range order {
		order[k] = k + 1
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(uint(t.nodes[b].index), uint(t.nodes[a].index)) // -1 is linked first and ends up last
	})
	for _, n := range order {
		parent := &t.nodes[t.nodes[n].parent]
		t.nodes[n].sibling, parent.child = parent.child, n
	}
}

// member returns the child of node n under a key, 0 if there is none.
func (t *tree) member(n int, key []byte) int {
	if t.next != nil {
		return t.next[step{n, string(key)}]
	}
	if child := t.nodes[n].child; t.nodes[child].key == string(key) {
		return child
	}
	return 0
}

// found returns the span of node n, zero if its value, or one above it, is not
// there.
func (t *tree) found(n int) Span {
	for at := n; at != 0; at = t.nodes[at].parent {
		if t.nodes[at].span.Start <= t.nodes[t.nodes[at].parent].span.Start {
			return Span{}
		}
	}
	return t.nodes[n].span
}

// spans returns the spans of some nodes, zero unless ok.
func (t *tree) spans(nodes []int, ok bool) []Span {
	spans := make([]Span, len(nodes))
	if ok {
		for k, n := range nodes {
			spans[k] = t.found(n)
		}
	}
	return spans
}

// last is spans for the one path of a chain.
func (t *tree) last(ok bool) (start, end int, found bool) {
	if !ok {
		return 0, 0, false
	}
	span := t.found(len(t.nodes) - 1)
	return span.Start, span.End, span != Span{}
}

func (t *tree) findJSON(data []byte) bool {
	end := t.json(data, skipSpace(data, 0), MaxDepth, 0)
	return end >= 0 && skipSpace(data, end) == len(data)
}

// json skips the value at i, that of node n, and notes it and those below.
// Whatever the tree, everything is read once.
func (t *tree) json(data []byte, i, left, n int) (end int) {
	if i >= len(data) {
		return -1
	}
	t.nodes[n].span.Start = i
	switch child := t.nodes[n].child; {
	case child != 0 && data[i] == '{':
		end = walkObject(data, i, left, func(key []byte, i int) int {
			if child := t.member(n, unquoted(key)); child != 0 {
				return t.json(data, i, left-1, child)
			}
			return skipValue(data, i, left-1)
		})
	case child != 0 && data[i] == '[':
		end = walkArray(data, i, left, func(k, i int) int {
			if at := child; k == t.nodes[at].index {
				child = t.nodes[at].sibling
				return t.json(data, i, left-1, at)
			}
			return skipValue(data, i, left-1)
		})
	default:
		end = skipValue(data, i, left)
	}
	t.nodes[n].span.End = end
	return end
}

func (t *tree) findCBOR(data []byte) bool { return t.cbor(data, 0, MaxDepth, 0) == len(data) }

// cbor is json for the item at i.
func (t *tree) cbor(data []byte, i, left, n int) (end int) {
	t.nodes[n].span.Start = i
	end = t.cborInside(data, i, left, n)
	t.nodes[n].span.End = end
	return end
}

// cborInside skips the item at i, and notes what is in it for the nodes below n.
func (t *tree) cborInside(data []byte, i, left, n int) (end int) {
	child := t.nodes[n].child
	major, _, count, next := readHead(data, i)
	switch {
	case child == 0 || next < 0:
	case major == cborTag:
		return walkTagged(data, count, next, left, func(i, left int) int { return t.cborInside(data, i, left, n) })
	case major == cborArray:
		return walkCBOR(data, next, left, major, count, func(k, i int) int {
			if at := child; k == t.nodes[at].index {
				child = t.nodes[at].sibling
				return t.cbor(data, i, left-1, at)
			}
			return skipCBOR(data, i, left-1)
		})
	case major == cborMap:
		return walkCBOR(data, next, left, major, count, func(k, i int) int {
			switch {
			case k%2 == 0:
				end := skipCBOR(data, i, left-1)
				if end >= 0 {
					child = t.cborMember(data, i, end, n)
				}
				return end
			case child == 0:
			case t.nodes[child].span.Start == 0:
				return t.cbor(data, i, left-1, child)
			default:
				t.nodes[child].span.Start = -1 // the key is there twice: nowhere
			}
			return skipCBOR(data, i, left-1)
		})
	}
	return skipCBOR(data, i, left)
}

// cborMember returns the child of node n under the key data[i:end].
func (t *tree) cborMember(data []byte, i, end, n int) int {
	if major, _, _, next := readHead(data, i); major == cborText {
		return t.member(n, data[next:end])
	}
	p := cborParser{data: data}
	key, _ := p.value(i)
	if text, ok := textKey(key); ok && p.err == nil {
		return t.member(n, []byte(text))
	}
	return 0
}

// arrayIndex reads a step as a decimal index without leading zeros; -1 if it
// is none.
func arrayIndex(step string) int {
	if step == "" || step[0] == '0' && step != "0" || !isDigit(step[0]) {
		return -1
	}
	n, err := strconv.Atoi(step)
	if err != nil {
		return -1
	}
	return n
}
