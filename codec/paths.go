package codec

import (
	"cmp"
	"slices"
	"strconv"
)

// pathTree is a set of paths that are looked for in one walk. Its nodes are
// where they lead and what they lead through; node 0 is the whole value. One
// path is a tree that need not be built: its first n steps lead to node n.
type pathTree struct {
	path []string // if there is one

	nodes []pathNode // if there are several
	below map[pathStep]int

	// spans has, for each node, where the value that was read last stands. It
	// belongs to an earlier duplicate, and is void, unless it begins behind the
	// beginning of the parent's.
	spans []Span
}

// pathNode says what is around a node. Siblings are linked, 0 ending the list:
// those whose keys are indexes come first, in order, so that a walk over an
// array compares each of its elements with one of them.
type pathNode struct{ parent, child, sibling, index int }

// pathStep leads from a node to one below it.
type pathStep struct {
	from int
	key  string
}

// newPathTree returns the tree of some paths, and the node where each ends.
func newPathTree(paths [][]string) (t pathTree, ends []int) {
	t = pathTree{nodes: []pathNode{{index: -1}}, below: make(map[pathStep]int)}
	ends = make([]int, len(paths))
	for k, path := range paths {
		for _, key := range path {
			step := pathStep{ends[k], key}
			n, ok := t.below[step]
			if !ok {
				n = len(t.nodes)
				t.below[step] = n
				t.nodes = append(t.nodes, pathNode{parent: step.from, index: arrayIndex(key)})
			}
			ends[k] = n
		}
	}
	t.link()
	t.spans = make([]Span, len(t.nodes))
	return t, ends
}

// link puts each node before its siblings, beginning with those that come last.
func (t *pathTree) link() {
	order := make([]int, len(t.nodes)-1)
	for k := range order {
		order[k] = k + 1
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(uint(t.nodes[b].index), uint(t.nodes[a].index)) // -1 is the largest
	})
	for _, n := range order {
		parent := &t.nodes[t.nodes[n].parent]
		t.nodes[n].sibling, parent.child = parent.child, n
	}
}

func (t *pathTree) parent(n int) int {
	if t.nodes == nil {
		return n - 1
	}
	return t.nodes[n].parent
}

// isLeaf reports whether no path leads on from node n.
func (t *pathTree) isLeaf(n int) bool {
	if t.nodes == nil {
		return n == len(t.path)
	}
	return t.nodes[n].child == 0
}

// member returns the node under a key of node n, which is no leaf; 0 if no path
// leads there.
func (t *pathTree) member(n int, key []byte) int {
	if t.nodes == nil {
		if string(key) == t.path[n] {
			return n + 1
		}
		return 0
	}
	return t.below[pathStep{n, string(key)}]
}

// pathElements goes through the nodes below one that turns out to be an array.
type pathElements struct {
	tree        *pathTree
	node, index int // the next one, and which element it is; -1 if there is none
}

// elements is called for a node that is no leaf.
func (t *pathTree) elements(n int) pathElements {
	if t.nodes == nil {
		return pathElements{t, n + 1, arrayIndex(t.path[n])}
	}
	child := t.nodes[n].child
	return pathElements{t, child, t.nodes[child].index}
}

// take returns the next node and goes on to the one behind it. If there is none
// index stays, as no element comes twice.
func (e *pathElements) take() int {
	n := e.node
	if e.tree.nodes != nil {
		e.node = e.tree.nodes[n].sibling
		e.index = e.tree.nodes[e.node].index
	}
	return n
}

// found returns, after the walk, where the value of node n stands.
func (t *pathTree) found(n int) (start, end int, ok bool) {
	for at := n; at != 0; {
		parent := t.parent(at)
		if t.spans[at].Start <= t.spans[parent].Start {
			return 0, 0, false
		}
		at = parent
	}
	return t.spans[n].Start, t.spans[n].End, true
}

// all is found for several nodes, zero for what is not there. Nothing is if the
// walk was not ok.
func (t *pathTree) all(nodes []int, ok bool) []Span {
	spans := make([]Span, len(nodes))
	if ok {
		for k, n := range nodes {
			spans[k].Start, spans[k].End, _ = t.found(n)
		}
	}
	return spans
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
