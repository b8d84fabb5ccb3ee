package codec

// Codec turns Go values into bytes and back. Its methods are called from many
// goroutines at once.
//
// A codec of one's own needs no more than these methods; see the package's
// example. Its Decode should give the kinds of the package documentation when
// the destination is an *any, and its Append should take them: this is how
// values are transcoded.
type Codec interface {
	// Name is what the codec is called on the wire: 1 to 32 of [a-z0-9.+-].
	// Two codecs with one name must be able to read each other.
	Name() string

	// Append appends exactly one encoded value to dst and returns the extended
	// slice. On an error it returns dst as it was; bytes between its length
	// and capacity may have changed.
	Append(dst []byte, v any) ([]byte, error)

	// Decode decodes data, exactly one value, into what v points to; anything
	// behind the value is an error. It keeps no part of data: v never aliases
	// it. After an error what v points to is unspecified.
	Decode(data []byte, v any) error
}

// Walker is implemented by codecs whose encoded values can be looked into
// without decoding them, as [JSON] and [CBOR] do.
type Walker interface {
	// Find returns the bounds of the value at path within data: it is
	// data[start:end]. A step is an object's key or a decimal index into an
	// array, without leading zeros. The empty path is the whole value (in JSON
	// without the white space around it). Of duplicate keys the one counts
	// that decoding would keep.
	//
	// All of data is read, in one pass whatever the path: ok is false if the
	// path leads nowhere, and also if data is malformed, before or behind the
	// value.
	Find(data []byte, path ...string) (start, end int, ok bool)
}

// Limits on what is encoded and decoded, the same for [JSON] and [CBOR].
const (
	// MaxDepth is how many arrays and maps may stand in each other. Real data
	// stays below 100; 1000 recursive calls fit any stack.
	MaxDepth = 1000

	// MaxIntBits is the size of the largest integer, not counting its sign; it
	// has 9865 digits. Reading digits takes time that grows with their square:
	// without a limit one message could keep a processor busy for hours.
	MaxIntBits = 32768
)

// The codecs look into their own encodings.
var (
	_ Walker = JSON{}
	_ Walker = CBOR{}
)
