package wire

import (
	"math"
	"unicode/utf8"
)

// optionOptional is an option of a splice: see [Splice.Optional].
const optionOptional = 1

// maxPointer bounds the pointer of a splice, in characters, as that of a
// reference.
const maxPointer = 4096

// spliceTLVs writes the splices of a call, each as a tlv. The error is an
// *Error.
func (f *Frame) spliceTLVs(r *Request) error {
	if len(r.Splices) == 0 {
		return nil
	}
	if !r.IsCall() {
		return Errorf(Internal, "a request with splices can only be sent if it is a call")
	}
	var content Frame
	for i := range r.Splices {
		content.Reset()
		if err := content.splice(&r.Splices[i]); err != nil {
			return r.Commands[0].unsendable(Errorf(Internal, "splice %d can't be sent: %v", i, err))
		}
		f.uv(tagSplice)
		f.nested(&content)
	}
	return nil
}

func (f *Frame) splice(s *Splice) error {
	f.uv(uint64(s.Arg + 1)) // 0: a keyword argument
	if s.Arg < 0 {
		f.str(s.Kwarg)
	}
	f.count(s.Start)
	f.count(s.End)
	options := uint64(0)
	if s.Optional {
		options = optionOptional
	}
	f.uv(options)
	f.str(s.Command)
	f.str(s.Pointer)
	f.strs(s.Path)
	if err := f.value(s.Value); err != nil && !f.lease(s.Value) {
		return err
	}
	return nil
}

// splice reads a splice, of arguments that come later.
func (d *frameReader) splice(r *Request, data []byte) {
	const field = "splices"
	if len(r.Splices) >= MaxSplices {
		d.refuse(limitError("splices_entries", MaxSplices, "field %q has more than %d entries", field, MaxSplices))
		return
	}
	var s Splice
	d.within(data, func() {
		if s.Arg = int(d.most(field, MaxEntries)) - 1; s.Arg < 0 {
			s.Kwarg = d.str(field)
		}
		s.Start, s.End = int(d.most(field, math.MaxInt)), int(d.most(field, math.MaxInt))
		options := d.uv(field)
		if options > optionOptional {
			d.fail(field, "has options that are not known here: %#x", options)
		}
		s.Optional = options == optionOptional
		s.Command, s.Pointer = d.chars(field, MaxName), d.chars(field, maxPointer)
		s.Path = d.strs(field)
		d.leases = true
		s.Value = d.value(field)
		d.leases = false
	})
	r.Splices = append(r.Splices, s)
}

// chars reads a text of at most limit characters.
func (d *frameReader) chars(field string, limit int) string {
	s := d.str(field)
	if len(s) > limit && utf8.RuneCountInString(s) > limit {
		d.refuse(limitError(field+"_characters", int64(limit), "field %q has a text with more than %d characters", d.path(field), limit))
	}
	return s
}

// checkSplices refuses splices that are not in order, or out of the bounds of
// the arguments that were read: who fills them need not look again.
func (d *frameReader) checkSplices(r *Request) {
	c := &r.Commands[0]
	for i := range r.Splices {
		s := &r.Splices[i]
		size, ok := s.argument(c)
		switch {
		case d.err != nil:
			return
		case !ok:
			d.fail("splices", "has a place in an argument that is not there")
		case s.Start >= s.End && !s.whole(), s.End > size:
			d.fail("splices", "has the place from %d to %d, in an argument of %d bytes", s.Start, s.End, size)
		case i > 0 && !s.after(&r.Splices[i-1]):
			d.fail("splices", "has places that overlap, or are not in order")
		}
	}
}

// argument returns how many bytes the argument has that s is about, if there is
// one.
func (s *Splice) argument(c *Command) (size int, ok bool) {
	if s.Arg >= 0 {
		if s.Arg >= len(c.Args) {
			return 0, false
		}
		return len(c.Args[s.Arg].Bytes()), true
	}
	v, ok := c.Kwargs[s.Kwarg]
	return len(v.Bytes()), ok
}

// after reports whether s is behind the splice before.
func (s *Splice) after(before *Splice) bool {
	switch {
	case s.Arg != before.Arg:
		return s.Arg < 0 || before.Arg >= 0 && s.Arg > before.Arg
	case s.Kwarg != before.Kwarg:
		return s.Kwarg > before.Kwarg
	default:
		return !before.whole() && s.Start >= before.End
	}
}

// whole reports whether the place is all of the argument.
func (s *Splice) whole() bool { return s.Start == 0 && s.End == 0 }
