package wire

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
)

// What a value begins with: the number of its codec.
const (
	valueNull  = 0
	valueJSON  = 1
	valueCBOR  = 2
	valueNamed = 3
	valueLease = 4 // see [Lease]
)

// maxCodecName bounds the name of a codec, in bytes.
const maxCodecName = 32

// Codecs finds a codec of the application's by its name; nil if there is none.
type Codecs func(name string) codec.Codec

// Opaque is the codec of a value in a codec that this process does not have:
// the value can be passed on, but not decoded.
type Opaque struct{ name string }

// Name returns the name of the codec that is missing.
func (o Opaque) Name() string { return o.name }

// Append fails: the error says what is missing.
func (o Opaque) Append(dst []byte, _ any) ([]byte, error) { return dst, o.missing() }

// Decode fails: the error says what is missing.
func (o Opaque) Decode([]byte, any) error { return o.missing() }

func (o Opaque) missing() error {
	return fmt.Errorf("the codec %q is not known here: pass it to WithCodec at this end too", o.name)
}

// value writes v as it is encoded. A lease it refuses: who reads an argument or
// an item has no way to fetch it.
func (f *Frame) value(v codec.Value) error {
	data := v.Bytes()
	switch name := v.Codec().Name(); name {
	case "json":
		if string(data) == "null" {
			f.buf = append(f.buf, valueNull)
			return nil
		}
		f.buf = append(f.buf, valueJSON)
	case "cbor":
		f.buf = append(f.buf, valueCBOR)
	default:
		if LeaseOf(v) != nil {
			return errLease
		}
		if !isCodecName(name) {
			return fmt.Errorf("its codec has the name %q: a name has 1 to %d characters of a-z, 0-9, '.', '+' and '-'", clip(name), maxCodecName)
		}
		f.buf = append(f.buf, valueNamed)
		f.str(name)
	}
	f.bytes(data)
	return nil
}

// args writes arguments. The error is an *Error.
func (f *Frame) args(c *Command) error {
	f.count(len(c.Args))
	for i, arg := range c.Args {
		if err := f.value(arg); err != nil {
			return c.unsendable(Errorf(InvalidArgument, "argument %d can't be sent: %v", i, err))
		}
	}
	return nil
}

// kwargs writes keyword arguments. The error is an *Error.
func (f *Frame) kwargs(c *Command) error {
	f.count(len(c.Kwargs))
	if len(c.Kwargs) == 0 {
		return nil // most calls have none, and to look for keys takes a tenth of the time
	}
	var few [8]string // most calls need no memory for their keywords
	for _, key := range appendSortedKeys(few[:0], c.Kwargs) {
		f.str(key)
		if err := f.value(c.Kwargs[key]); err != nil {
			return c.unsendable(Errorf(InvalidArgument, "keyword %q can't be sent: %v", key, err))
		}
	}
	return nil
}

// value reads a value, which shares the memory of the frame.
func (d *frameReader) value(field string) codec.Value {
	switch number := d.u8(field); number {
	case valueNull:
		return codec.Value{}
	case valueJSON:
		return codec.Raw(codec.JSON{}, d.encoded(field))
	case valueCBOR:
		return codec.Raw(codec.CBOR{}, d.encoded(field))
	case valueNamed:
		c := d.codec(field)
		return codec.Raw(c, d.bytes(field))
	case valueLease:
		return d.lease(field)
	default:
		d.fail(field, "has a value in codec number %d, which does not exist", number)
		return codec.Value{}
	}
}

// encoded reads the bytes of a value in a codec whose values are never empty.
func (d *frameReader) encoded(field string) []byte {
	data := d.bytes(field)
	if len(data) == 0 {
		d.fail(field, "has a value of 0 bytes")
	}
	return data
}

// codec reads the name of a codec and finds it.
func (d *frameReader) codec(field string) codec.Codec {
	name := string(d.bytes(field))
	switch {
	case name == "json":
		return codec.JSON{}
	case name == "cbor":
		return codec.CBOR{}
	case !isCodecName(name):
		d.fail(field, "has a value in a codec named %q: a name has 1 to %d characters of a-z, 0-9, '.', '+' and '-'", clip(name), maxCodecName)
		return codec.JSON{}
	}
	if d.codecs != nil {
		if c := d.codecs(name); c != nil {
			return c
		}
	}
	return Opaque{name}
}

func isCodecName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' {
			return false
		}
	}
	return name != "" && len(name) <= maxCodecName
}

// validText returns s with what is no UTF-8 replaced, as in JSON: any string
// can be sent.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
