package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// Major types (RFC 8949, section 3.1), in the upper three bits of an item's
// first byte.
const (
	cborUint byte = iota << 5
	cborNegInt
	cborBytes
	cborText
	cborArray
	cborMap
	cborTag
	cborSimple
)

// First bytes of simple values and floats.
const (
	cborFalse     = cborSimple | 20
	cborTrue      = cborSimple | 21
	cborNull      = cborSimple | 22
	cborUndefined = cborSimple | 23
	cborFloat16   = cborSimple | 25
	cborFloat32   = cborSimple | 26
	cborFloat64   = cborSimple | 27
)

// Tags with a meaning here; the content of others is taken for itself.
const (
	tagTimeText  = 0
	tagTimeUnix  = 1
	tagPosBignum = 2
	tagNegBignum = 3
)

func isCBORNull(first byte) bool { return first == cborNull || first == cborUndefined }

// appendHead appends the head of an item, as short as can be.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

// readHead reads the head of the item at i: its major type, the lower bits of
// its first byte and its argument, which is a length, a number or, of floats,
// the bits. next is the index behind it. Indefinite lengths and simple values
// without a meaning are malformed, as the decoder has it.
func readHead(data []byte, i int) (major, low byte, n uint64, next int) {
	if i >= len(data) {
		return 0, 0, 0, cborMalformed
	}
	major, low = data[i]&0xe0, data[i]&0x1f
	i++
	if low < 24 {
		if major == cborSimple && major|low < cborFalse {
			return 0, 0, 0, cborMalformed
		}
		return major, low, uint64(low), i
	}
	if low > 27 || major == cborSimple && low == 24 {
		return 0, 0, 0, cborMalformed
	}
	size := 1 << (low - 24)
	if len(data)-i < size {
		return 0, 0, 0, cborMalformed
	}
	for _, c := range data[i : i+size] {
		n = n<<8 | uint64(c)
	}
	return major, low, n, i + size
}

// What skipCBOR returns in place of an index.
const (
	cborMalformed = -1
	cborDeep      = -2
	cborBadText   = -3
	cborTags      = -4
	cborLongInt   = -5
)

// skipCBOR returns the index behind the item at i, which nests at most left
// levels, or what is wrong with it.
func skipCBOR(data []byte, i, left int) int {
	major, _, n, i := readHead(data, i)
	if i < 0 {
		return i
	}
	switch major {
	case cborBytes, cborText:
		if n > uint64(len(data)-i) {
			return cborMalformed
		}
		end := i + int(n)
		if major == cborText && !utf8.Valid(data[i:end]) {
			return cborBadText
		}
		return end
	case cborArray, cborMap:
		return walkCBOR(data, i, left, major, n, func(_, i int) int { return skipCBOR(data, i, left-1) })
	case cborTag:
		tag, i, left := skipTags(data, n, i, left)
		if i < 0 {
			return i
		}
		end := skipCBOR(data, i, left)
		if (tag == tagPosBignum || tag == tagNegBignum) && end-i > maxBignum {
			return cborLongInt
		}
		return end
	}
	return i
}

// maxBignum is the size of the byte string, with its head, of an integer of
// MaxIntBits.
const maxBignum = MaxIntBits/8 + 3

// maxTags is how many tags an item may have: the library, when it drops one,
// looks at all behind it again. Real data has one or two.
const maxTags = 16

// skipTags skips the tags that follow the first one, tag, at i. They count as
// levels. It returns the last tag and the index of its content, or less than 0.
func skipTags(data []byte, tag uint64, i, left int) (last uint64, content, leftInside int) {
	for tags := 1; i >= 0 && i < len(data) && data[i]&0xe0 == cborTag; tags++ {
		if tags == maxTags {
			return 0, cborTags, 0
		}
		if left--; left < 0 {
			return 0, cborDeep, 0
		}
		_, _, tag, i = readHead(data, i)
	}
	return tag, i, left
}

// walkCBOR calls item with the number and the index of each item of an array
// of n elements or a map of n pairs, which begins behind its head at i. In a
// map, keys have even numbers and values odd ones. item returns the index
// behind the item, or less than 0 to end the walk.
func walkCBOR(data []byte, i, left int, major byte, n uint64, item func(n, i int) int) int {
	if left == 0 {
		return cborDeep
	}
	switch {
	case major == cborArray && n <= maxCBORElements:
	case major == cborMap && n <= maxCBORPairs:
		n *= 2
	default:
		return cborMalformed
	}
	if n > uint64(len(data)-i) {
		return cborMalformed // an item is a byte at least
	}
	for k := range int(n) {
		if i = item(k, i); i < 0 {
			return i
		}
	}
	return i
}

// checkCBOR returns an error unless data is exactly one item that nests at most
// left levels.
func checkCBOR(data []byte, left int) error {
	switch end := skipCBOR(data, 0, left); end {
	case len(data):
		return nil
	case cborDeep:
		return ErrDepth
	case cborBadText:
		return errUTF8
	case cborTags:
		return fmt.Errorf("more than %d tags on one item", maxTags)
	case cborLongInt:
		return errLongInt
	}
	if err := cborReader.Wellformed(data); err != nil {
		return err
	}
	return errMalformedCBOR
}

// Find implements [Walker]. A map's keys that are integers or bools are found
// under the text that they have in JSON. A key that is there twice leads
// nowhere: such data does not decode.
func (CBOR) Find(data []byte, path ...string) (start, end int, ok bool) {
	f := cborFinder{data: data}
	if f.find(0, MaxDepth, path) != len(data) || !f.found {
		return 0, 0, false
	}
	return f.start, f.end, true
}

// cborFinder remembers what was found while all of data is read.
type cborFinder struct {
	data       []byte
	start, end int
	found      bool
}

// find skips the item at i and looks for path within it.
func (f *cborFinder) find(i, left int, path []string) int {
	if len(path) == 0 {
		f.start, f.end = i, skipCBOR(f.data, i, left)
		f.found = f.end >= 0
		return f.end
	}
	major, _, n, next := readHead(f.data, i)
	if next < 0 {
		return next
	}
	switch major {
	case cborTag:
		_, content, left := skipTags(f.data, n, next, left)
		if content < 0 {
			return content
		}
		return f.find(content, left, path)
	case cborArray:
		index := arrayIndex(path[0])
		return walkCBOR(f.data, next, left, major, n, func(k, i int) int {
			if k == index {
				return f.find(i, left-1, path[1:])
			}
			return skipCBOR(f.data, i, left-1)
		})
	case cborMap:
		isStep, seen := false, false
		return walkCBOR(f.data, next, left, major, n, func(k, i int) int {
			if k%2 == 0 {
				end := skipCBOR(f.data, i, left-1)
				isStep = end >= 0 && f.isKey(i, end, path[0])
				return end
			}
			if !isStep {
				return skipCBOR(f.data, i, left-1)
			}
			if seen {
				return cborMalformed
			}
			seen = true
			return f.find(i, left-1, path[1:])
		})
	}
	return skipCBOR(f.data, i, left)
}

// isKey reports whether the key data[i:end] is step.
func (f *cborFinder) isKey(i, end int, step string) bool {
	if major, _, _, next := readHead(f.data, i); major == cborText {
		return string(f.data[next:end]) == step
	}
	p := cborParser{data: f.data}
	key, _ := p.value(i)
	text, ok := textKey(key)
	return ok && p.err == nil && text == step
}
