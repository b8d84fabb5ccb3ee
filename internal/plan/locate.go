package plan

import "github.com/mpreg/mpreg/codec"

// walkable reports whether the bytes of v can be looked into, and spliced, by
// this package.
func walkable(v codec.Value) bool {
	name := v.Codec().Name()
	return name == codec.JSON{}.Name() || name == codec.CBOR{}.Name()
}

// locate finds parts of v, which must be walkable: a span for each path, zero
// where there is nothing.
func locate(v codec.Value, paths [][]string) []codec.Span {
	if v.Codec().Name() == (codec.CBOR{}).Name() {
		return codec.CBOR{}.FindAll(v.Bytes(), paths)
	}
	return codec.JSON{}.FindAll(v.Bytes(), paths)
}
