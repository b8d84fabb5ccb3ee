package wire

import "time"

// Options of a REQUEST frame.
const (
	optionExplicit = 1 << iota
	optionIntermediate
	optionSummary
	optionsEnd
)

// IsCall reports whether the request goes as a CALL frame: it is one command
// and asks for nothing but its result. Nothing can refer to anything in it, so
// that it means the same in both modes.
func (r *Request) IsCall() bool {
	return len(r.Commands) == 1 && len(r.Commands[0].Refs) == 0 && len(r.Return) == 0 &&
		!r.ReturnIntermediate && !r.IncludeSummary
}

// Request writes r under an id that is not 0, as a FETCH or a CALL if it is one,
// else as a REQUEST. The error, of a value that can't be sent, is an *Error.
func (f *Frame) Request(id uint64, r *Request) error {
	write, kind := f.request, KindRequest
	switch {
	case r.IsCall():
		write, kind = f.call, KindCall
	case r.Fetch != nil:
		write, kind = f.fetch, KindFetch
	}
	f.begin(kind, id)
	f.buf = append(f.buf, r.Hops)
	f.uv(microseconds(r.Timeout()))
	if err := write(id, r); err != nil {
		return f.drop(err)
	}
	return nil
}

// microseconds rounds a timeout, but not to 0, which is none.
func microseconds(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64(max(d.Round(time.Microsecond)/time.Microsecond, 1))
}

func (f *Frame) call(id uint64, r *Request) error {
	c := &r.Commands[0]
	f.str(c.Function)
	if c.Name == c.Function {
		f.count(0)
	} else {
		f.str(c.Name)
	}
	f.strs(c.Locs)
	if err := f.requestTLVs(id, r); err != nil {
		return err
	}
	if err := f.args(c); err != nil {
		return err
	}
	return f.kwargs(c)
}

func (f *Frame) request(id uint64, r *Request) error {
	options := uint64(0)
	if r.Refs == Explicit {
		options |= optionExplicit
	}
	if r.ReturnIntermediate {
		options |= optionIntermediate
	}
	if r.IncludeSummary {
		options |= optionSummary
	}
	f.uv(options)
	if err := f.requestTLVs(id, r); err != nil {
		return err
	}
	f.strs(r.Return)
	f.count(len(r.Commands))
	for i := range r.Commands {
		if err := f.command(&r.Commands[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *Frame) command(c *Command) error {
	f.str(c.Name)
	f.str(c.Function)
	f.strs(c.Locs)
	if err := f.args(c); err != nil {
		return err
	}
	if err := f.kwargs(c); err != nil {
		return err
	}
	f.count(len(c.Refs))
	var few [8]string
	for _, place := range appendSortedKeys(few[:0], c.Refs) {
		ref := c.Refs[place]
		f.str(place)
		f.count(1 + len(ref.Path))
		f.str(ref.Command)
		for _, step := range ref.Path {
			f.str(step)
		}
	}
	return nil
}
