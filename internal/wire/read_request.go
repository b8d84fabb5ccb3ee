package wire

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
)

// DecodeFrameRequest reads and checks the body of a CALL, a REQUEST or a FETCH.
// The values of the request share the memory of body, which must not change any
// more. A request without a u of its own gets the id's digits; a CALL is in
// explicit mode, so that nobody looks for names in it. The error is an *Error.
func DecodeFrameRequest(h FrameHead, body []byte, codecs Codecs) (*Request, error) {
	if h.ID == 0 {
		return nil, Errorf(InvalidRequest, "malformed %v frame: its id must not be 0", h.Kind)
	}
	d := frameReader{kind: h.Kind, rest: body, codecs: codecs}
	var r *Request
	switch h.Kind {
	case KindCall:
		r = d.call()
	case KindRequest:
		r = d.request()
	case KindFetch:
		r = d.fetch()
	default:
		return nil, Errorf(InvalidRequest, "a frame of %v is no request", h.Kind)
	}
	d.end()
	if d.err != nil {
		return nil, d.err
	}
	if r.U == "" {
		r.U = strconv.FormatUint(h.ID, 10)
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	return r, nil
}

// call reads a CALL. Nearly all requests are one: it is allocated as a whole.
func (d *frameReader) call() *Request {
	const fewArgs = 3 // one more, and the block is of the next size class
	block := new(struct {
		Request
		commands [1]Command
		args     [fewArgs]codec.Value
	})
	r := &block.Request
	r.Refs = Explicit
	r.Commands = block.commands[:]
	c := &r.Commands[0]
	d.prefix(r)
	d.command = 1
	c.Function = d.name("fun")
	if c.Name = d.str("name"); c.Name == "" {
		c.Name = c.Function
	}
	c.Locs = d.names("locs")
	d.command = 0
	d.requestTLVs(r)
	d.command = 1
	d.args(c, block.args[:0:fewArgs])
	d.kwargs(c)
	if len(r.Splices) > 0 {
		d.checkSplices(r)
	}
	return r
}

// prefix reads what stands in front of a request, where a relay rewrites it.
func (d *frameReader) prefix(r *Request) {
	r.Hops = d.u8("hops")
	r.TimeoutMS = milliseconds(d.micros("timeout_us"))
}

// milliseconds returns a whole number of microseconds.
func milliseconds(d time.Duration) float64 { return float64(d/time.Microsecond) / 1000 }

func (d *frameReader) request() *Request {
	r := new(Request)
	d.prefix(r)
	options := d.uv("options")
	if options >= optionsEnd {
		d.fail("options", "has bits that are not known here: %#x", options)
	}
	if options&optionExplicit != 0 {
		r.Refs = Explicit
	}
	r.ReturnIntermediate = options&optionIntermediate != 0
	r.IncludeSummary = options&optionSummary != 0
	d.requestTLVs(r)
	if len(r.Splices) > 0 {
		d.fail("splices", "are for a CALL only")
	}
	r.Return = d.names("return")
	const least = 6 // the lengths of the parts of a command
	n := d.count("cmds", least)
	if n > MaxCommands {
		d.refuse(limitError("cmds_entries", MaxCommands, "field %q has more than %d entries", "cmds", MaxCommands))
		return r
	}
	r.Commands = make([]Command, n)
	for i := range r.Commands {
		d.command = i + 1
		if d.readCommand(&r.Commands[i]); d.err != nil {
			return r
		}
	}
	d.command = 0
	return r
}

func (d *frameReader) readCommand(c *Command) {
	c.Name = d.name("name")
	c.Function = d.name("fun")
	c.Locs = d.names("locs")
	d.args(c, nil)
	d.kwargs(c)
	d.refs(c)
}

// args reads arguments into room, if they fit there.
func (d *frameReader) args(c *Command, room []codec.Value) {
	n := d.count("args", 1)
	if n > cap(room) {
		room = make([]codec.Value, 0, n)
	}
	for range n {
		v := d.value("args")
		if d.err != nil {
			return
		}
		room = append(room, v)
	}
	c.Args = room
}

func (d *frameReader) kwargs(c *Command) {
	const least = 2 // the length of the key, and null
	n := d.count("kwargs", least)
	if n == 0 {
		return
	}
	c.Kwargs = make(map[string]codec.Value, n)
	for range n {
		key := d.str("kwargs")
		if _, again := c.Kwargs[key]; again {
			d.fail("kwargs", "has %q twice", clip(key))
		}
		c.Kwargs[key] = d.value("kwargs")
		if d.err != nil {
			return
		}
	}
}

func (d *frameReader) refs(c *Command) {
	const least = 3 // the lengths of the place, of the path, and of its first step
	n := d.count("refs", least)
	if n == 0 {
		return
	}
	c.Refs = make(map[string]Ref, n)
	for range n {
		place := d.str("refs")
		if _, again := c.Refs[place]; again {
			d.fail("refs", "has the place %q twice", clip(place))
		}
		path := d.strs("refs")
		switch {
		case d.err != nil:
			return
		case len(path) == 0 || path[0] == "":
			d.fail("refs", "has a reference that names no command")
			return
		case utf8.RuneCountInString(path[0]) > MaxName:
			d.refuse(limitError("refs_characters", MaxName, `field "refs" names a command with more than %d characters`, MaxName))
			return
		}
		c.Refs[place] = Ref{Command: path[0], Path: path[1:]}
	}
}
