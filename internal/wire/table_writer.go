package wire

import (
	"encoding/binary"
	"slices"
)

// tableWriter writes a catalog or a change of one: its strings and its sets of
// locs stand in tables in front, each once, and are numbers in the rest. 0 is
// the empty string and the empty set, which are in no table. The zero value is
// ready.
type tableWriter struct {
	strings map[string]int // numbers, from 1
	sets    map[string]int // by the numbers of their strings, as they are written

	stringTable, setTable, rest []byte
}

// str writes the number of s.
func (t *tableWriter) str(s string) { t.uv(t.number(s)) }

// set writes the number of a list of strings, in their order.
func (t *tableWriter) set(list []string) {
	if len(list) == 0 {
		t.uv(0)
		return
	}
	from := len(t.setTable)
	t.setTable = binary.AppendUvarint(t.setTable, uint64(len(list)))
	for _, s := range list {
		t.setTable = binary.AppendUvarint(t.setTable, uint64(t.number(s)))
	}
	n := t.sets[string(t.setTable[from:])]
	if n == 0 {
		if t.sets == nil {
			t.sets = make(map[string]int)
		}
		n = len(t.sets) + 1
		t.sets[string(t.setTable[from:])] = n
	} else {
		t.setTable = t.setTable[:from]
	}
	t.uv(n)
}

func (t *tableWriter) uv(n int) { t.rest = binary.AppendUvarint(t.rest, uint64(n)) }

// number returns the number of s, which it gets if it has none.
func (t *tableWriter) number(s string) int {
	if s == "" {
		return 0
	}
	s = validText(s)
	if n := t.strings[s]; n > 0 {
		return n
	}
	if t.strings == nil {
		t.strings = make(map[string]int)
	}
	t.stringTable = binary.AppendUvarint(t.stringTable, uint64(len(s)))
	t.stringTable = append(t.stringTable, s...)
	t.strings[s] = len(t.strings) + 1
	return len(t.strings)
}

// appendTo appends what was written, its version and its tables in front and no
// tlvs behind.
func (t *tableWriter) appendTo(dst []byte) []byte {
	dst = slices.Grow(dst, 16+len(t.stringTable)+len(t.setTable)+len(t.rest))
	dst = binary.AppendUvarint(append(dst, textVersion), uint64(len(t.strings)))
	dst = append(dst, t.stringTable...)
	dst = binary.AppendUvarint(dst, uint64(len(t.sets)))
	dst = append(dst, t.setTable...)
	dst = append(dst, t.rest...)
	return append(dst, 0)
}
