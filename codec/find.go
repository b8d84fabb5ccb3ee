package codec

import (
	"cmp"
	"slices"
	"strconv"
)

// Find implements [Walker].
func (JSON) Find(data []byte, path ...string) (start, end int, ok bool) {
	var few [shortPath]Span
	t := tree{path: path, spans: slices.Grow(few[:0], len(path)+1)[:len(path)+1]}
	if !t.findJSON(data) {
		return 0, 0, false
	}
	return t.found(len(path))
}

// FindAll returns what [JSON.Find] finds for each of the paths, the zero Span
// for one that leads nowhere. However many there are, data is read once, and
// the time it takes is in proportion to the size of data and of the paths.
func (JSON) FindAll(data []byte, paths [][]string) []Span {
	t, ends := newTree(paths)
	return t.all(ends, t.findJSON(data))
}

// Find implements [Walker]. A map's keys that are integers or bools are found
// under the text that they have in JSON. A key that is there twice leads
// nowhere: such data does not decode.
func (CBOR) Find(data []byte, path ...string) (start, end int, ok bool) {
	var few [shortPath]Span
	t := tree{path: path, spans: slices.Grow(few[:0], len(path)+1)[:len(path)+1]}
	if !t.findCBOR(data) {
		return 0, 0, false
	}
	return t.found(len(path))
}

// FindAll returns what [CBOR.Find] finds for each of the paths, as
// [JSON.FindAll] does.
func (CBOR) FindAll(data []byte, paths [][]string) []Span {
	t, ends := newTree(paths)
	return t.all(ends, t.findCBOR(data))
}

// shortPath is how many nodes Find has without allocating them.
const shortPath = 16

// tree is a set of paths that are looked for in one walk. Its nodes are where
// they lead, and what they lead through; node 0 is the whole value. One path is
// a tree that need not be built: node n is where its first n steps lead.
type tree struct {
	path []string // if there is one

	nodes []node // if there are several
	below map[step]int

	// spans has, for each node, where the value read last stands. It is from an
	// earlier duplicate, and void, if it does not begin within the parent's.
	spans []Span
}

// node is a node's place. Siblings are linked, 0 being none: those whose keys
// are indexes into an array come first, in order.
type node struct{ parent, child, sibling, index int }

// step leads from a node to one below it.
type step struct {
	from int
	key  string
}

// newTree returns the tree of some paths, and the node at the end of each.
func newTree(paths [][]string) (t tree, ends []int) {
	t = tree{nodes: []node{{index: -1}}, below: make(map[step]int)}
	ends = make([]int, len(paths))
	for k, path := range paths {
		for _, key := range path {
			s := step{ends[k], key}
			n, ok := t.below[s]
			if !ok {
				n = len(t.nodes)
				t.below[s] = n
				t.nodes = append(t.nodes, node{parent: s.from, index: arrayIndex(key)})
			}
			ends[k] = n
		}
	}
	t.link()
	t.spans = make([]Span, len(t.nodes))
	return t, ends
}

func (t *tree) link() {
	order := make([]int, len(t.nodes)-1)
	for k := range order {
		order[k] = k + 1
	}
	slices.SortFunc(order, func(a, b int) int { // from the last: -1, which is no index
		return cmp.Compare(uint(t.nodes[b].index), uint(t.nodes[a].index))
	})
	for _, n := range order {
		parent := &t.nodes[t.nodes[n].parent]
		t.nodes[n].sibling, parent.child = parent.child, n
	}
}

func (t *tree) parent(n int) int {
	if t.nodes == nil {
		return n - 1
	}
	return t.nodes[n].parent
}

// leaf reports whether no path leads on from node n.
func (t *tree) leaf(n int) bool {
	if t.nodes == nil {
		return n == len(t.path)
	}
	return t.nodes[n].child == 0
}

// member returns the node below n, which is no leaf, for a key; 0 if there is
// none.
func (t *tree) member(n int, key []byte) int {
	if t.nodes != nil {
		return t.below[step{n, string(key)}]
	}
	if string(key) == t.path[n] {
		return n + 1
	}
	return 0
}

// elements goes through the nodes below one that is an array.
type elements struct {
	tree        *tree
	node, index int // the one that comes next
}

func (t *tree) elements(n int) elements {
	if t.nodes == nil {
		return elements{t, n + 1, arrayIndex(t.path[n])}
	}
	child := t.nodes[n].child
	return elements{t, child, t.nodes[child].index}
}

// at returns the node for element k, 0 if there is none. It is called for each
// element in order.
func (e *elements) at(k int) int {
	if k != e.index {
		return 0
	}
	n := e.node
	if e.index = -1; e.tree.nodes != nil {
		e.node = e.tree.nodes[n].sibling
		e.index = e.tree.nodes[e.node].index
	}
	return n
}

// found returns where the value of node n stands, after a walk.
func (t *tree) found(n int) (start, end int, ok bool) {
	for at := n; at != 0; {
		parent := t.parent(at)
		if t.spans[at].Start <= t.spans[parent].Start {
			return 0, 0, false
		}
		at = parent
	}
	return t.spans[n].Start, t.spans[n].End, true
}

// all is found for some nodes, of which nothing is there unless ok.
func (t *tree) all(nodes []int, ok bool) []Span {
	spans := make([]Span, len(nodes))
	if ok {
		for k, n := range nodes {
			spans[k].Start, spans[k].End, _ = t.found(n)
		}
	}
	return spans
}

func (t *tree) findJSON(data []byte) bool {
	end := t.json(data, skipSpace(data, 0), MaxDepth, 0)
	return end >= 0 && skipSpace(data, end) == len(data)
}

// json skips the value at i and notes it for node n, and what is in it for
// those below. Noting while skipping reads everything once, whatever the tree.
func (t *tree) json(data []byte, i, left, n int) int {
	if i >= len(data) {
		return -1
	}
	t.spans[n].Start = i
	end := -1
	switch c := data[i]; {
	case c == '{' && !t.leaf(n):
		end = walkObject(data, i, left, func(key []byte, i int) int {
			return t.jsonBelow(data, i, left-1, t.jsonMember(n, key))
		})
	case c == '[' && !t.leaf(n):
		below := t.elements(n)
		end = walkArray(data, i, left, func(k, i int) int {
			return t.jsonBelow(data, i, left-1, below.at(k))
		})
	default:
		end = skipValue(data, i, left)
	}
	t.spans[n].End = end
	return end
}

// jsonBelow is json for a node that may be none.
func (t *tree) jsonBelow(data []byte, i, left, n int) int {
	if n == 0 {
		return skipValue(data, i, left)
	}
	return t.json(data, i, left, n)
}

// jsonMember is member for a key in its quotes, decoded only if need be.
func (t *tree) jsonMember(n int, quoted []byte) int {
	if text := quoted[1 : len(quoted)-1]; isPlain(text) {
		return t.member(n, text)
	}
	return t.member(n, []byte(unquote(quoted)))
}

func (t *tree) findCBOR(data []byte) bool { return t.cbor(data, 0, MaxDepth, 0) == len(data) }

// cbor is json for the item at i.
func (t *tree) cbor(data []byte, i, left, n int) int {
	t.spans[n].Start = i
	end := t.cborInside(data, i, left, n)
	t.spans[n].End = end
	return end
}

// cborInside skips the item at i and notes what is in it for the nodes below n.
func (t *tree) cborInside(data []byte, i, left, n int) int {
	if t.leaf(n) {
		return skipCBOR(data, i, left)
	}
	major, _, count, next := readHead(data, i)
	switch {
	case next < 0:
		return next
	case major == cborTag:
		return walkTagged(data, count, next, left, func(i, left int) int { return t.cborInside(data, i, left, n) })
	case major == cborArray:
		below := t.elements(n)
		return walkCBOR(data, next, left, major, count, func(k, i int) int {
			return t.cborBelow(data, i, left-1, below.at(k))
		})
	case major == cborMap:
		below := 0
		return walkCBOR(data, next, left, major, count, func(k, i int) int {
			if k%2 == 1 {
				return t.cborBelow(data, i, left-1, below)
			}
			end := skipCBOR(data, i, left-1)
			if end >= 0 {
				below = t.cborMember(data, i, end, n)
			}
			return end
		})
	}
	return skipCBOR(data, i, left)
}

// cborBelow is cbor for a node that may be none.
func (t *tree) cborBelow(data []byte, i, left, n int) int {
	if n != 0 && t.spans[n].Start == 0 {
		return t.cbor(data, i, left, n)
	}
	if n != 0 {
		t.spans[n].Start = -1 // the key is there twice and leads nowhere
	}
	return skipCBOR(data, i, left)
}

// cborMember is member for the key data[i:end].
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
