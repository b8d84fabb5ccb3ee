package codec

// Members calls f with each member of the object that data is, in order: its
// key, decoded, and where its value stands. It reports whether all of data is
// one well-formed object; f ends the walk by returning false. The key is only
// valid during the call.
func (JSON) Members(data []byte, f func(key []byte, value Span) bool) bool {
	start := skipSpace(data, 0)
	if start >= len(data) || data[start] != '{' {
		return false
	}
	end := walkObject(data, start, MaxDepth, func(quoted []byte, i int) int {
		key := unquoteKey(quoted)
		return visit(data, i, func(s Span) bool { return f(key, s) })
	})
	return end >= 0 && skipSpace(data, end) == len(data)
}

// Elements is Members for the elements of an array.
func (JSON) Elements(data []byte, f func(element Span) bool) bool {
	start := skipSpace(data, 0)
	if start >= len(data) || data[start] != '[' {
		return false
	}
	end := walkArray(data, start, MaxDepth, func(_, i int) int { return visit(data, i, f) })
	return end >= 0 && skipSpace(data, end) == len(data)
}

// visit calls f with where the value at i stands, and returns where it ends, or
// -1 to end the walk.
func visit(data []byte, i int, f func(Span) bool) int {
	end := skipValue(data, i, MaxDepth-1)
	if end < 0 || !f(Span{i, end}) {
		return -1
	}
	return end
}

// unquoteKey returns what a string in its quotes reads, without a copy where
// that is what stands there.
func unquoteKey(quoted []byte) []byte {
	if text := quoted[1 : len(quoted)-1]; isPlain(text) {
		return text
	}
	return []byte(unquote(quoted))
}
