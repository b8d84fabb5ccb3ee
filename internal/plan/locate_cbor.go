package plan

import (
	"encoding/binary"
	"strconv"

	"github.com/mpreg/mpreg/codec"
)

// Major types of RFC 8949, section 3.1, that have something behind the head.
const (
	cborBytes = 2
	cborText  = 3
	cborArray = 4
	cborMap   = 5
	cborTag   = 6
)

// cborWalk walks over CBOR as package codec takes it, without indefinite
// lengths, for the nodes of a tree. Its methods take the position of a data
// item and return the position behind it, or -1 if the data is malformed or
// nests more than left levels. Node -1 is one that nobody asked for.
type cborWalk struct {
	tree *tree
	data []byte
}

// walkCBOR finds the nodes of t in data. It is false if data is malformed.
func (t *tree) walkCBOR(data []byte) bool {
	w := cborWalk{t, data}
	return w.value(0, 0, codec.MaxDepth) == len(data)
}

func (w *cborWalk) value(from, n, left int) int {
	w.tree.visit(n)
	to := w.item(from, n, left)
	w.tree.end(n, from, to)
	return to
}

func (w *cborWalk) item(from, n, left int) int {
	major, count, at := w.head(from)
	if at < 0 || left < 0 {
		return -1
	}
	// Each element is a byte at least, which bounds the work, and converts.
	if major >= cborBytes && major <= cborMap && count > uint64(len(w.data)-at) {
		return -1
	}
	switch major {
	case cborBytes, cborText:
		return at + int(count)
	case cborArray:
		return w.array(at, n, int(count), left-1)
	case cborMap:
		return w.pairs(at, n, int(count), left-1)
	case cborTag:
		if at < len(w.data) && w.data[at]>>5 == cborTag {
			left-- // a tag in a tag is a level, as it is to the decoder
		}
		return w.item(at, n, left)
	}
	return at // numbers and simple values are all head
}

// head reads the head of the item at from; at is behind it.
func (w *cborWalk) head(from int) (major byte, count uint64, at int) {
	if from >= len(w.data) {
		return 0, 0, -1
	}
	major, info := w.data[from]>>5, w.data[from]&31
	at = from + 1
	if info < 24 {
		return major, uint64(info), at
	}
	if info > 27 {
		return 0, 0, -1
	}
	size := 1 << (info - 24)
	if size > len(w.data)-at {
		return 0, 0, -1
	}
	var wide [8]byte
	copy(wide[8-size:], w.data[at:at+size])
	return major, binary.BigEndian.Uint64(wide[:]), at + size
}

func (w *cborWalk) array(at, n, count, left int) int {
	if left < 0 {
		return -1
	}
	var wanted []element
	if n >= 0 {
		wanted = w.tree.elements(n)
	}
	for i := range count {
		if len(wanted) > 0 && wanted[0].index == i {
			at = w.value(at, wanted[0].node, left)
			wanted = wanted[1:]
		} else {
			at = w.item(at, -1, left)
		}
		if at < 0 {
			return -1
		}
	}
	return at
}

func (w *cborWalk) pairs(at, n, count, left int) int {
	if left < 0 {
		return -1
	}
	for range count {
		key := at
		if at = w.item(at, -1, left); at < 0 {
			return -1
		}
		switch child := w.member(n, key, at); {
		case child == 0:
			at = w.item(at, -1, left)
		case w.tree.nodes[child].visit > w.tree.nodes[n].visit:
			return -1 // a map with a key twice does not decode
		default:
			at = w.value(at, child, left)
		}
		if at < 0 {
			return -1
		}
	}
	return at
}

// member returns the node below n for the key data[from:to], 0 if there is
// none. A key that is an integer or a bool is found under its text in JSON.
func (w *cborWalk) member(n, from, to int) int {
	if n < 0 || w.tree.leaf(n) {
		return 0
	}
	if major, count, at := w.head(from); major == cborText {
		return w.tree.next[step{n, string(w.data[at : at+int(count)])}]
	}
	key, err := codec.Raw(codec.CBOR{}, w.data[from:to]).Any()
	if err != nil {
		return 0
	}
	switch key := key.(type) {
	case int64:
		return w.tree.next[step{n, strconv.FormatInt(key, 10)}]
	case uint64:
		return w.tree.next[step{n, strconv.FormatUint(key, 10)}]
	case bool:
		return w.tree.next[step{n, strconv.FormatBool(key)}]
	}
	return 0
}
