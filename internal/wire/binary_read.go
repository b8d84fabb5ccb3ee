package wire

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"
)

// frameReader reads the body of a frame. After the first failure, which is kept
// in err, there is nothing left to read: its methods return zero values, so
// that a caller need only look at err at the end, and in loops.
type frameReader struct {
	kind   FrameKind
	rest   []byte
	codecs Codecs
	err    *Error

	leases  bool   // may stand for values
	entries uint64 // what was announced by counts so far
	command int    // the command that is being read, from 1; 0: none
}

// fail notes what is wrong with a field.
func (d *frameReader) fail(field, format string, args ...any) {
	if d.err == nil {
		d.err = Errorf(InvalidRequest, "malformed %v frame: field %q %s", d.kind, d.path(field), fmt.Sprintf(format, args...))
	}
	d.rest = nil
}

// refuse ends the reading with an error that is complete.
func (d *frameReader) refuse(err *Error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = nil
}

// path names a field as JSON messages have it.
func (d *frameReader) path(field string) string {
	if d.command > 0 {
		return fmt.Sprintf("cmds[%d].%s", d.command-1, field)
	}
	return field
}

// end refuses what is behind the last field: a frame grows by tlvs only.
func (d *frameReader) end() {
	if d.err == nil && len(d.rest) > 0 {
		d.refuse(Errorf(InvalidRequest, "malformed %v frame: %d bytes are behind its last field", d.kind, len(d.rest)))
	}
}

func (d *frameReader) u8(field string) uint8 {
	if len(d.rest) == 0 {
		d.fail(field, "is cut off")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *frameReader) uv(field string) uint64 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 {
		b := d.rest[0]
		d.rest = d.rest[1:]
		return uint64(b)
	}
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		if size < 0 {
			d.fail(field, "has a number of more than 64 bits")
		} else {
			d.fail(field, "is cut off")
		}
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// bytes reads a length and that many bytes, which stay the frame's.
func (d *frameReader) bytes(field string) []byte {
	n := d.uv(field)
	if n > uint64(len(d.rest)) {
		d.fail(field, "is cut off: %d bytes are announced, and %d are there", n, len(d.rest))
		return nil
	}
	data := d.rest[:n:n]
	d.rest = d.rest[n:]
	return data
}

func (d *frameReader) str(field string) string { return d.text(field, d.bytes(field)) }

// text turns bytes that were read into a string.
func (d *frameReader) text(field string, data []byte) string {
	if !utf8.Valid(data) {
		d.fail(field, "is not valid UTF-8")
		return ""
	}
	return string(data)
}

// most reads a number that is limit at most.
func (d *frameReader) most(field string, limit uint64) uint64 {
	n := d.uv(field)
	if n > limit {
		d.fail(field, "is %d: it must be at most %d", n, limit)
		return 0
	}
	return n
}

// micros reads a time in microseconds. More than maxTimeout is that.
func (d *frameReader) micros(field string) time.Duration {
	return time.Duration(min(d.uv(field), uint64(maxTimeout/time.Microsecond))) * time.Microsecond
}

// within calls read with the content of a tlv for the rest: it must read all of
// that.
func (d *frameReader) within(content []byte, read func()) {
	rest := d.rest
	d.rest = content
	read()
	if d.end(); d.err == nil {
		d.rest = rest
	}
}

// count reads how many entries a list has, each of which takes least bytes at
// least: nothing is allocated for entries that can't be there.
func (d *frameReader) count(field string, least int) int {
	n := d.uv(field)
	if n > uint64(len(d.rest)/least) {
		d.fail(field, "is cut off: %d entries are announced, and %d bytes are there", n, len(d.rest))
		return 0
	}
	if d.entries += n; d.entries > MaxEntries {
		d.refuse(tooMany())
		return 0
	}
	return int(n)
}

// strs reads a list of texts.
func (d *frameReader) strs(field string) []string {
	n := d.count(field, 1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		if list[i] = d.str(field); d.err != nil {
			return nil
		}
	}
	return list
}

// names reads a list of texts none of which is empty.
func (d *frameReader) names(field string) []string {
	list := d.strs(field)
	for i, name := range list {
		if name == "" {
			d.fail(fmt.Sprintf("%s[%d]", field, i), "is empty")
			return nil
		}
	}
	return list
}

// name reads a text that is not empty.
func (d *frameReader) name(field string) string {
	s := d.str(field)
	if s == "" {
		d.fail(field, "is empty")
	}
	return s
}
