package plan

import "github.com/mpreg/mpreg/codec"

// jsonWalk walks over JSON for the nodes of a tree. Its methods take the
// position of a value's first byte and return the position behind it, or -1
// if the data is malformed or nests more than left levels. They recurse only
// as deep as the tree; what is of no interest is skipped without a check of
// its grammar.
type jsonWalk struct {
	tree *tree
	data []byte
}

// walkJSON finds the nodes of t in data. It is false if data is malformed.
func (t *tree) walkJSON(data []byte) bool {
	w := jsonWalk{t, data}
	end := w.value(w.space(0), 0, codec.MaxDepth)
	return end >= 0 && w.space(end) == len(data)
}

func (w *jsonWalk) value(from, n, left int) int {
	if from >= len(w.data) {
		return -1
	}
	w.tree.visit(n)
	var to int
	switch c := w.data[from]; {
	case c == '{' && !w.tree.leaf(n):
		to = w.object(from, n, left-1)
	case c == '[' && !w.tree.leaf(n):
		to = w.array(from, n, left-1)
	default:
		to = w.skip(from, left)
	}
	w.tree.end(n, from, to)
	return to
}

func (w *jsonWalk) object(from, n, left int) int {
	at := w.space(from + 1)
	if w.is(at, '}') {
		return at + 1
	}
	for w.is(at, '"') {
		end := w.str(at)
		if end < 0 {
			return -1
		}
		child := w.member(n, w.data[at:end])
		if at = w.space(end); !w.is(at, ':') {
			return -1
		}
		if at = w.space(at + 1); child != 0 {
			at = w.value(at, child, left)
		} else {
			at = w.skip(at, left)
		}
		if at < 0 {
			return -1
		}
		at = w.space(at)
		if w.is(at, '}') {
			return at + 1
		}
		if !w.is(at, ',') {
			return -1
		}
		at = w.space(at + 1)
	}
	return -1
}

// member returns the node below n for an encoded key, 0 if there is none.
func (w *jsonWalk) member(n int, quoted []byte) int {
	raw := quoted[1 : len(quoted)-1]
	for _, c := range raw {
		if c == '\\' || c >= 0x80 { // escapes, and what may not be UTF-8
			var key string
			if (codec.JSON{}).Decode(quoted, &key) != nil {
				return 0
			}
			return w.tree.next[step{n, key}]
		}
	}
	return w.tree.next[step{n, string(raw)}]
}

func (w *jsonWalk) array(from, n, left int) int {
	wanted := w.tree.elements(n)
	at := w.space(from + 1)
	if w.is(at, ']') {
		return at + 1
	}
	for i := 0; ; i++ {
		if len(wanted) > 0 && wanted[0].index == i {
			at = w.value(at, wanted[0].node, left)
			wanted = wanted[1:]
		} else {
			at = w.skip(at, left)
		}
		if at < 0 {
			return -1
		}
		at = w.space(at)
		if w.is(at, ']') {
			return at + 1
		}
		if !w.is(at, ',') {
			return -1
		}
		at = w.space(at + 1)
	}
}

// skip returns the end of the value at from, counting brackets.
func (w *jsonWalk) skip(from, left int) int {
	depth := 0
	for at := from; at < len(w.data); {
		switch w.data[at] {
		case '"':
			if at = w.str(at); at < 0 {
				return -1
			}
		case '{', '[':
			if depth++; depth > left {
				return -1
			}
			at++
		case '}', ']':
			depth--
			at++
		case ' ', '\t', '\r', '\n', ',', ':':
			at++
			if depth == 0 {
				return -1
			}
		default:
			at = w.word(at)
		}
		if depth <= 0 {
			if depth < 0 {
				return -1
			}
			return at
		}
	}
	return -1
}

// word returns the end of a number, true, false or null.
func (w *jsonWalk) word(at int) int {
	for at < len(w.data) {
		switch w.data[at] {
		case ' ', '\t', '\r', '\n', ',', ':', '{', '}', '[', ']', '"':
			return at
		}
		at++
	}
	return at
}

// str returns the end of the string whose opening quote is at from.
func (w *jsonWalk) str(from int) int {
	for at := from + 1; at < len(w.data); at++ {
		switch w.data[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}
	return -1
}

func (w *jsonWalk) space(at int) int {
	for at < len(w.data) && (w.data[at] == ' ' || w.data[at] == '\t' || w.data[at] == '\r' || w.data[at] == '\n') {
		at++
	}
	return at
}

func (w *jsonWalk) is(at int, c byte) bool { return at < len(w.data) && w.data[at] == c }
