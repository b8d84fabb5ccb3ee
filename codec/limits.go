package codec

import (
	"bytes"
	"fmt"
	"math/big"
)

// maxDigits is how many digits an integer of MaxIntBits can have.
const maxDigits = 9865

// errLongInt refuses integers beyond MaxIntBits.
var errLongInt = fmt.Errorf("integer is longer than %d bits", MaxIntBits)

// isLong reports whether n is beyond MaxIntBits. A negative n counts as -1-n,
// as in CBOR.
func isLong(n *big.Int) bool {
	if n.Sign() < 0 {
		n = new(big.Int).Not(n)
	}
	return n.BitLen() > MaxIntBits
}

// checkJSON returns an error if data is beyond a limit. It runs before
// encoding/json does, and does not mind malformed data, which is refused there.
func checkJSON(data []byte) error {
	if jsonTooDeep(data) {
		return ErrDepth
	}
	if jsonLongInt(data) {
		return errLongInt
	}
	return nil
}

// jsonTooDeep reports whether arrays and objects nest deeper than MaxDepth in
// data.
func jsonTooDeep(data []byte) bool {
	// Nearly all data has too few brackets to nest so deep, and counting them
	// is many times faster than looking at strings.
	if len(data) <= MaxDepth || bytes.Count(data, leftBracket)+bytes.Count(data, leftBrace) <= MaxDepth {
		return false
	}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '[', '{':
			if depth++; depth > MaxDepth {
				return true
			}
		case ']', '}':
			depth--
		case '"':
			end := skipString(data, i)
			if end < 0 {
				return false
			}
			i = end - 1
		}
	}
	return false
}

var leftBracket, leftBrace = []byte{'['}, []byte{'{'}

// jsonLongInt reports whether data has an integer of more than maxDigits
// digits, which big.Int would read though it takes hours.
func jsonLongInt(data []byte) bool {
	// So many digits cover one of these places: of other data no more is seen.
	for i := maxDigits; i < len(data); i += maxDigits {
		start, end := i, i
		for start > 0 && isDigit(data[start-1]) {
			start--
		}
		for end < len(data) && isDigit(data[end]) {
			end++
		}
		if end-start > maxDigits {
			return hasLongInt(data)
		}
	}
	return false
}

// hasLongInt is jsonLongInt for data that has so many digits, but maybe in a
// string or in a fraction.
func hasLongInt(data []byte) bool {
	for i := 0; i >= 0 && i < len(data); {
		switch {
		case data[i] == '"':
			i = skipString(data, i)
		case isDigit(data[i]):
			end := skipNumber(data, i)
			if end-i > maxDigits && !bytes.ContainsAny(data[i:end], ".eE") {
				return true
			}
			i = end
		default:
			i++
		}
	}
	return false // to the end, or to where it is malformed
}
