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

// maxHead is the size of the largest head.
const maxHead = 9

// headSize returns how many bytes appendHead appends for n. Room that is made for
// head and content together spares what is appended to no slice an allocation.
func headSize(n int) int {
	switch n := uint64(n); {
	case n < 24:
		return 1
	case n <= math.MaxUint8:
		return 2
	case n <= math.MaxUint16:
		return 3
	case n <= math.MaxUint32:
		return 5
	}
	return maxHead
}

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
		return walkTagged(data, n, i, left, func(i, left int) int { return skipCBOR(data, i, left) })
	}
	return i
}

// maxBignum is the size of the byte string, with its head, of an integer of
// MaxIntBits.
const maxBignum = MaxIntBits/8 + 3

// maxTags is how many tags an item may have: the library, when it drops one,
// looks at all behind it again. Real data has one or two.
const maxTags = 16

// walkTagged calls content with the index of what is behind the tag that ends
// at i, and behind the tags that follow it, which count as levels, and with the
// levels that are left there. content returns the index behind it, or less
// than 0.
func walkTagged(data []byte, tag uint64, i, left int, content func(i, left int) int) int {
	for tags := 1; i >= 0 && i < len(data) && data[i]&0xe0 == cborTag; tags++ {
		if tags == maxTags {
			return cborTags
		}
		if left--; left < 0 {
			return cborDeep
		}
		_, _, tag, i = readHead(data, i)
	}
	if i < 0 {
		return i
	}
	end := content(i, left)
	if (tag == tagPosBignum || tag == tagNegBignum) && end-i > maxBignum {
		return cborLongInt
	}
	return end
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
