package codec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrDepth is wrapped by the error of a value that nests deeper than [MaxDepth]
// levels, encoded or about to be.
var ErrDepth = fmt.Errorf("nested deeper than %d levels", MaxDepth)

// errCyclic is ErrDepth for Go values, where the likely reason is a cycle.
var errCyclic = fmt.Errorf("%w, or cyclic", ErrDepth)

// errUTF8 is what CBOR says of text that is none. It is refused when encoded,
// because every receiver would refuse it.
var errUTF8 = errors.New("string is not valid UTF-8: use []byte for bytes")

// placeError is an error within a tree, and where it is. The steps are added
// on the way out, innermost first, so that success costs nothing.
type placeError struct {
	steps []string
	err   error
}

// at says that err happened at a key of the tree that is being encoded.
func at(err error, key string) error {
	place, ok := err.(*placeError) //nolint:errorlint // made here and never wrapped on the way out
	if !ok {
		place = &placeError{err: err}
	}
	place.steps = append(place.steps, key)
	return place
}

// atIndex is at for arrays.
func atIndex(err error, index int) error { return at(err, strconv.Itoa(index)) }

// Unwrap returns the error without its place.
func (e *placeError) Unwrap() error { return e.err }

// Error puts the place first, as an RFC 6901 pointer. A cyclic value has a
// place of 1000 steps: the first few say enough.
func (e *placeError) Error() string {
	const shown = 8
	var b strings.Builder
	for n := range len(e.steps) {
		if n == shown {
			b.WriteString("/…")
			break
		}
		b.WriteByte('/')
		b.WriteString(pointerEscaper.Replace(e.steps[len(e.steps)-1-n]))
	}
	return "at " + b.String() + ": " + e.err.Error()
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// encodeError is what Append returns for err.
func encodeError(c Codec, v any, err error) error {
	return fmt.Errorf("encode %T as %s: %w", v, c.Name(), err)
}

// decodeError is what Decode returns for err.
func decodeError(c Codec, v any, err error) error {
	return fmt.Errorf("decode %s into %T: %w", c.Name(), v, err)
}
