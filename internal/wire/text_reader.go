package wire

import (
	"encoding/binary"
	"fmt"
)

// What a tableWriter writes, as errors call it, and the version of its form.
const (
	catalogText = "catalog"
	deltaText   = "change of a catalog"

	textVersion = 1
)

// Options of offers and of changes.
const (
	offerIdempotent = 1
	deltaResources  = 1
)

// textReader is a frameReader of a string: what it reads are parts of that.
// After the first failure, which is kept in err, there is nothing left to read.
type textReader struct {
	what string // is read
	rest string
	err  *Error
}

func (d *textReader) fail(field, format string, args ...any) {
	d.refuse("field %q %s", field, fmt.Sprintf(format, args...))
}

func (d *textReader) refuse(format string, args ...any) {
	if d.err == nil {
		d.err = inText(d.what, Errorf(InvalidRequest, format, args...))
	}
	d.rest = ""
}

// inText says in what something is wrong.
func inText(what string, err *Error) *Error {
	in := *err
	in.Message = fmt.Sprintf("malformed %s: %s", what, err.Message)
	return &in
}

func (d *textReader) u8(field string) uint8 {
	if d.rest == "" {
		d.fail(field, "is cut off")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *textReader) uv(field string) uint64 {
	if d.rest != "" && d.rest[0] < 0x80 {
		b := d.rest[0]
		d.rest = d.rest[1:]
		return uint64(b)
	}
	return d.longUV(field)
}

// longUV reads a number of several bytes, or fails.
func (d *textReader) longUV(field string) uint64 {
	var few [binary.MaxVarintLen64]byte
	n, size := binary.Uvarint(few[:copy(few[:], d.rest)])
	switch {
	case size > 0:
		d.rest = d.rest[size:]
		return n
	case size < 0 || len(d.rest) >= len(few):
		d.fail(field, "has a number of more than 64 bits")
	default:
		d.fail(field, "is cut off")
	}
	return 0
}

// bytes reads a length and that many bytes.
func (d *textReader) bytes(field string) string {
	n := d.uv(field)
	if n > uint64(len(d.rest)) {
		d.fail(field, "is cut off: %d bytes are announced, and %d are there", n, len(d.rest))
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

// count reads how many entries a list has, each of which takes least bytes at
// least: nothing is allocated for entries that can't be there.
func (d *textReader) count(field string, least int) int {
	n := d.uv(field)
	if n > uint64(len(d.rest)/least) {
		d.fail(field, "is cut off: %d entries are announced, and %d bytes are there", n, len(d.rest))
		return 0
	}
	return int(n)
}
