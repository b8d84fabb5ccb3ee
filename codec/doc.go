// Package codec encodes values: the arguments and results that travel between
// nodes. A [Codec] turns Go values into bytes and back; [JSON] and [CBOR] are
// here, others can be written. A [Value] is one encoded value together with
// its codec: it passes through any number of hops without being decoded.
//
// # Numbers keep their kind
//
// Decoded into an any, wherever it stands (at the top, in a slice, a map or a
// struct's field), a number has the type that it was written with, the same
// from JSON and CBOR. An any tree (nil, bool, string, numbers, []any,
// map[string]any, …) is written back with these kinds.
//
//	written         in CBOR      as any       written back in JSON
//	1               integer      int64        1
//	1.0             float        float64      1.0
//	1e3             float        float64      1000.0
//	-0.0            float        float64      -0.0
//	9007199254740993            int64        9007199254740993
//	18446744073709551615        uint64       18446744073709551615
//	2^64 and above  bignum       *big.Int     18446744073709551616
//	1e400                        an error: it overflows float64
//	(none)          NaN, ±Inf    float64      an error: JSON has no such number
//
// Structs are written by encoding/json, which writes the float64 1 as "1":
// inside a struct, in a field of type any too, a float without a fraction
// comes out of JSON as an integer. CBOR keeps it. Outside structs, in slices,
// pointers and maps with text keys, however typed, floats keep their kind.
//
// # Other kinds
//
//	Go                     JSON                     CBOR                     as any, from CBOR
//	[]byte                 base64 text              byte string              []byte
//	[N]byte                array of numbers         byte string              []byte
//	time.Time              RFC 3339 text            tag 0; in a struct or    time.Time
//	                                                typed list the zero
//	                                                time is null
//	encoding.TextMarshaler its text                 its text                 string
//	json.Marshaler         what it writes           the same, transcoded
//	json.Number            the number               the number; inside a     int64, float64, …
//	                                                struct: text
//	Value                  its bytes, or transcoded its bytes, or transcoded
//	map, string keys       object, keys sorted      map, keys sorted         map[string]any
//	map, other keys        integers and bools as    map                      map[any]any
//	                       text, else an error
//	other tags                                      their content            their content
//	invalid UTF-8          U+FFFD                   an error, use []byte
//	duplicate keys         the last one wins        an error
//
// A []byte that went through JSON is text: it decodes into a []byte from JSON
// but not after transcoding to CBOR. A [N]byte that was transcoded to JSON is
// text too, and decodes into a []byte there but not into a [N]byte. A type with both MarshalJSON and
// MarshalText is written to CBOR as its text, and read by UnmarshalJSON from
// that text in quotes. Struct fields are named by json tags in both codecs (a
// cbor tag goes first in CBOR); the json option "string" means nothing to CBOR.
//
// # Limits
//
// Arrays and maps nest at most [MaxDepth] levels in what is decoded and in
// what is encoded, so that neither a hostile message nor a cyclic value
// overflows the stack. Integers have at most [MaxIntBits]. CBOR takes arrays of
// 2^24 elements, maps of 2^22 pairs, 16 tags on an item, and no indefinite
// lengths. The number of bytes is for the caller to bound: what decoding
// allocates is in proportion to it, and to the size of the elements that the
// destination's slices have.
package codec
