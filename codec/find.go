package codec

// shortPath is how many nodes Find has without allocating: those of a path of 7
// steps.
const shortPath = 8

// Find implements [Walker].
func (JSON) Find(data []byte, path ...string) (start, end int, ok bool) {
	var few [shortPath]Span
	t := pathTree{path: path, spans: few[:]}
	if len(path) >= len(few) {
		t.spans = make([]Span, len(path)+1)
	}
	if !t.findJSON(data) {
		return 0, 0, false
	}
	return t.found(len(path))
}

// FindAll returns for each of the paths the bounds that [JSON.Find] finds, the
// zero Span where that finds nothing. Data is read once, however many paths
// there are: the time is in proportion to the size of data plus that of the
// paths, but for a logarithm to sort these.
func (JSON) FindAll(data []byte, paths [][]string) []Span {
	t, ends := newPathTree(paths)
	return t.all(ends, t.findJSON(data))
}

func (t *pathTree) findJSON(data []byte) bool {
	end := t.json(data, skipSpace(data, 0), MaxDepth, 0)
	return end >= 0 && skipSpace(data, end) == len(data)
}

// json skips the value at i, noting where it and what is in it stand for node n
// and those below. As it notes while it skips, everything is read once.
//
// That data is no field of t lets the compiler keep the nodes on the stack.
func (t *pathTree) json(data []byte, i, left, n int) int {
	if i >= len(data) {
		return -1
	}
	t.spans[n].Start = i
	var end int
	switch c := data[i]; {
	case c == '{' && !t.isLeaf(n):
		end = walkObject(data, i, left, func(key []byte, i int) int {
			if below := t.jsonMember(n, key); below != 0 {
				return t.json(data, i, left-1, below)
			}
			return skipValue(data, i, left-1)
		})
	case c == '[' && !t.isLeaf(n):
		below := t.elements(n)
		end = walkArray(data, i, left, func(k, i int) int {
			if k == below.index {
				return t.json(data, i, left-1, below.take())
			}
			return skipValue(data, i, left-1)
		})
	default:
		end = skipValue(data, i, left)
	}
	t.spans[n].End = end
	return end
}

// jsonMember is member for a key in its quotes.
func (t *pathTree) jsonMember(n int, quoted []byte) int { return t.member(n, unquoteKey(quoted)) }

// Find implements [Walker]. A map's keys that are integers or bools are found
// under the text that they have in JSON. A key that is there twice leads
// nowhere: such data does not decode.
func (CBOR) Find(data []byte, path ...string) (start, end int, ok bool) {
	var few [shortPath]Span
	t := pathTree{path: path, spans: few[:]}
	if len(path) >= len(few) {
		t.spans = make([]Span, len(path)+1)
	}
	if !t.findCBOR(data) {
		return 0, 0, false
	}
	return t.found(len(path))
}

// FindAll returns for each of the paths the bounds that [CBOR.Find] finds, the
// zero Span where that finds nothing. It takes as long as [JSON.FindAll].
func (CBOR) FindAll(data []byte, paths [][]string) []Span {
	t, ends := newPathTree(paths)
	return t.all(ends, t.findCBOR(data))
}

func (t *pathTree) findCBOR(data []byte) bool { return t.cbor(data, 0, MaxDepth, 0) == len(data) }

// cbor does for the item at i what json does for a value.
func (t *pathTree) cbor(data []byte, i, left, n int) int {
	t.spans[n].Start = i
	end := t.cborInside(data, i, left, n)
	t.spans[n].End = end
	return end
}

// cborInside is cbor for the nodes below n only: the span of n begins with the
// item's tags, of which i may be the content.
func (t *pathTree) cborInside(data []byte, i, left, n int) int {
	if t.isLeaf(n) {
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
			if k == below.index {
				return t.cbor(data, i, left-1, below.take())
			}
			return skipCBOR(data, i, left-1)
		})
	case major == cborMap:
		below := 0
		return walkCBOR(data, next, left, major, count, func(k, i int) int {
			switch {
			case k%2 == 0:
				end := skipCBOR(data, i, left-1)
				if end >= 0 {
					below = t.cborMember(data, i, end, n)
				}
				return end
			case below == 0:
			case t.spans[below].Start == 0:
				return t.cbor(data, i, left-1, below)
			default:
				t.spans[below].Start = -1 // the key is there twice and leads nowhere
			}
			return skipCBOR(data, i, left-1)
		})
	}
	return skipCBOR(data, i, left)
}

// cborMember is member for the key data[i:end].
func (t *pathTree) cborMember(data []byte, i, end, n int) int {
	major, _, _, next := readHead(data, i)
	key := data[next:end]
	if major != cborText {
		p := cborParser{data: data}
		x, _ := p.value(i) // nil if it does not decode
		text, ok := textKey(x)
		if !ok {
			return 0
		}
		key = []byte(text)
	}
	return t.member(n, key)
}
