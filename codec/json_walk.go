package codec

import (
	"encoding/binary"
	"iter"
)

// The skip functions read JSON text from index i of data and return the index
// behind what they read, or -1 if it is malformed. Together they accept what
// json.Valid accepts, to MaxDepth.

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}

func skipWord(data []byte, i int, word string) int {
	if len(data)-i < len(word) || string(data[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// skipString skips the string whose opening quote is at i.
func skipString(data []byte, i int) int {
	for i = skipPlain(data, i+1); i < len(data); {
		switch c := data[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			if i = skipEscape(data, i); i < 0 {
				return -1
			}
			i = skipPlain(data, i)
		default:
			i++
		}
	}
	return -1
}

// skipPlain skips eight bytes at a time while none of them is a quote, a
// backslash or a control character: in long strings this is most of the work.
func skipPlain(data []byte, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; i+8 <= len(data); i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		// x-ones borrows into the high bit of each byte that is zero in x;
		// &^x drops bytes that had it before. Likewise with ' ' for less than.
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		if ((quote-ones)&^quote|(slash-ones)&^slash|(w-ones*' ')&^w)&highs != 0 {
			break
		}
	}
	return i
}

// skipEscape skips the escape whose backslash is at i.
func skipEscape(data []byte, i int) int {
	if i+1 >= len(data) {
		return -1
	}
	switch data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		end := i + len(`\uXXXX`)
		if end > len(data) {
			return -1
		}
		for _, c := range data[i+2 : end] {
			if !isDigit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return -1
			}
		}
		return end
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// skipDigits skips one or more digits.
func skipDigits(data []byte, i int) int {
	start := i
	for i < len(data) && isDigit(data[i]) {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

func skipNumber(data []byte, i int) int {
	if i < len(data) && data[i] == '-' {
		i++
	}
	if i < len(data) && data[i] == '0' {
		i++
	} else if i = skipDigits(data, i); i < 0 {
		return -1
	}
	if i < len(data) && data[i] == '.' {
		if i = skipDigits(data, i+1); i < 0 {
			return -1
		}
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		return skipDigits(data, i)
	}
	return i
}

// skipValue skips any value that nests at most left levels.
func skipValue(data []byte, i, left int) int {
	if i >= len(data) {
		return -1
	}
	switch data[i] {
	case '"':
		return skipString(data, i)
	case '{':
		return walkObject(data, i, left, func(_ []byte, i int) int { return skipValue(data, i, left-1) })
	case '[':
		return walkArray(data, i, left, func(_, i int) int { return skipValue(data, i, left-1) })
	case 't':
		return skipWord(data, i, "true")
	case 'f':
		return skipWord(data, i, "false")
	case 'n':
		return skipWord(data, i, "null")
	}
	return skipNumber(data, i)
}

// walkObject calls member with each key of the object at i, in its quotes, and
// the index of its value; member returns the index behind the value, or -1 to
// end the walk.
func walkObject(data []byte, i, left int, member func(key []byte, i int) int) int {
	if left == 0 {
		return -1
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == '}' {
		return i + 1
	}
	for i < len(data) && data[i] == '"' {
		end := skipString(data, i)
		if end < 0 {
			return -1
		}
		key := data[i:end]
		i = skipSpace(data, end)
		if i >= len(data) || data[i] != ':' {
			return -1
		}
		if i = member(key, skipSpace(data, i+1)); i < 0 {
			return -1
		}
		i = skipSpace(data, i)
		if i < len(data) && data[i] == '}' {
			return i + 1
		}
		if i >= len(data) || data[i] != ',' {
			return -1
		}
		i = skipSpace(data, i+1)
	}
	return -1
}

// walkArray calls element with the number and the index of each element of
// the array at i; element returns the index behind it, or -1 to end the walk.
func walkArray(data []byte, i, left int, element func(n, i int) int) int {
	if left == 0 {
		return -1
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == ']' {
		return i + 1
	}
	for n := 0; ; n++ {
		if i = element(n, i); i < 0 {
			return -1
		}
		i = skipSpace(data, i)
		if i < len(data) && data[i] == ']' {
			return i + 1
		}
		if i >= len(data) || data[i] != ',' {
			return -1
		}
		i = skipSpace(data, i+1)
	}
}

// Strings returns the strings of data that are values, not keys, at any depth
// and in order, decoded, each with where it stands, quotes included. Where
// data is malformed, or nests deeper than [MaxDepth], the sequence ends.
func (JSON) Strings(data []byte) iter.Seq2[Span, string] {
	return func(yield func(Span, string) bool) {
		walkStrings(data, skipSpace(data, 0), MaxDepth, yield)
	}
}

func walkStrings(data []byte, i, left int, yield func(Span, string) bool) int {
	if i >= len(data) {
		return -1
	}
	switch data[i] {
	case '"':
		end := skipString(data, i)
		if end < 0 || !yield(Span{i, end}, unquote(data[i:end])) {
			return -1
		}
		return end
	case '{':
		return walkObject(data, i, left, func(_ []byte, i int) int { return walkStrings(data, i, left-1, yield) })
	case '[':
		return walkArray(data, i, left, func(_, i int) int { return walkStrings(data, i, left-1, yield) })
	}
	return skipValue(data, i, left)
}
