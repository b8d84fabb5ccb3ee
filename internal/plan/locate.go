package plan

import (
	"cmp"
	"slices"

	"github.com/mpreg/mpreg/codec"
)

// walkable reports whether the bytes of v can be looked into, and spliced, by
// this package.
func walkable(v codec.Value) bool {
	name := v.Codec().Name()
	return name == codec.JSON{}.Name() || name == codec.CBOR{}.Name()
}

// locate finds parts of v, which must be walkable: a span for each path, zero
// where there is nothing. No path is empty, or longer than codec.MaxDepth.
//
// One path is the codec's own business, and what is found for several is the
// same, where v is well-formed. But looking for k of them one by one costs k
// times the size of v, minutes for a list of a hundred thousand references;
// here one walk finds them all.
func locate(v codec.Value, paths [][]string) []codec.Span {
	spans := make([]codec.Span, len(paths))
	data := v.Bytes()
	isJSON := v.Codec().Name() == codec.JSON{}.Name()
	if len(paths) == 1 {
		find := codec.CBOR{}.Find
		if isJSON {
			find = codec.JSON{}.Find
		}
		if start, end, ok := find(data, paths[0]...); ok {
			spans[0] = codec.Span{Start: start, End: end}
		}
		return spans
	}
	t := newTree()
	nodes := make([]int, len(paths))
	for n, path := range paths {
		nodes[n] = t.add(path)
	}
	if isJSON && !t.walkJSON(data) || !isJSON && !t.walkCBOR(data) {
		return spans
	}
	for n := range paths {
		spans[n] = t.found(nodes[n])
	}
	return spans
}

// tree is a set of paths, as deep as the longest of them: node 0 is the value
// itself.
type tree struct {
	nodes  []node
	next   map[step]int
	visits int
}

type step struct {
	from int
	key  string
}

type node struct {
	parent, child, sibling int // 0 is none
	key                    string
	span                   codec.Span
	// visit numbers the visits to nodes. Of the parts below a key that comes
	// twice only those of its last value count: they were visited after it.
	visit int
}

func newTree() *tree { return &tree{nodes: make([]node, 1), next: make(map[step]int)} }

// add returns the node at path.
func (t *tree) add(path []string) int {
	at := 0
	for _, key := range path {
		n, ok := t.next[step{at, key}]
		if !ok {
			n = len(t.nodes)
			t.next[step{at, key}] = n
			t.nodes = append(t.nodes, node{parent: at, sibling: t.nodes[at].child, key: key})
			t.nodes[at].child = n
		}
		at = n
	}
	return at
}

// visit notes that the value of node n begins, end that it was data[from:to].
func (t *tree) visit(n int) {
	t.visits++
	t.nodes[n].visit = t.visits
}

func (t *tree) end(n, from, to int) { t.nodes[n].span = codec.Span{Start: from, End: to} }

// found returns the span of node n, zero if it or something above it was not
// there when the value above was last visited.
func (t *tree) found(n int) codec.Span {
	for at := n; at != 0; at = t.nodes[at].parent {
		if t.nodes[at].visit <= t.nodes[t.nodes[at].parent].visit {
			return codec.Span{}
		}
	}
	return t.nodes[n].span
}

func (t *tree) leaf(n int) bool { return t.nodes[n].child == 0 }

// element is a node below an array.
type element struct{ index, node int }

// elements returns the nodes below n whose keys are array indexes, ascending.
func (t *tree) elements(n int) []element {
	var all []element
	for c := t.nodes[n].child; c != 0; c = t.nodes[c].sibling {
		if index, ok := parseIndex(t.nodes[c].key); ok {
			all = append(all, element{index, c})
		}
	}
	slices.SortFunc(all, func(a, b element) int { return cmp.Compare(a.index, b.index) })
	return all
}
