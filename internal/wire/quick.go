package wire

import (
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
)

// Most messages have no member but the few that every client sends, each once
// and of the right type. These are read here in a fraction of the time that
// encoding/json takes, and without copying the values in them. Whatever is not
// of this form, also what is malformed, is left to the general way, which knows
// all that is allowed and what to say of what is not; a fuzz test holds the two
// against each other.

// quickRequest reads a request; false leaves it to readRequest. The values of
// the result are parts of data.
func quickRequest(data []byte) (*Request, bool) {
	r := new(Request)
	var seen [8]bool
	ok := codec.JSON{}.Members(data, func(key []byte, s codec.Span) bool {
		value := data[s.Start:s.End]
		switch string(key) {
		case "role":
			return once(&seen[0]) && isString(value)
		case "u":
			return once(&seen[1]) && text(value, &r.U)
		case "cmds":
			return once(&seen[2]) && r.quickCommands(value)
		case "refs":
			return once(&seen[3]) && text(value, &r.Refs)
		case "timeout_ms":
			return once(&seen[4]) && codec.JSON{}.Decode(value, &r.TimeoutMS) == nil
		case "traceparent":
			return once(&seen[5]) && text(value, &r.Traceparent)
		case "return":
			return once(&seen[6]) && texts(value, &r.Return)
		case "node":
			return once(&seen[7]) && text(value, &r.Node)
		}
		return false
	})
	return r, ok && len(r.Commands) > 0 && utf8.Valid(data)
}

func (r *Request) quickCommands(list []byte) bool {
	return codec.JSON{}.Elements(list, func(s codec.Span) bool {
		if len(r.Commands) > MaxCommands {
			return false
		}
		r.Commands = append(r.Commands, Command{})
		return r.Commands[len(r.Commands)-1].quick(list[s.Start:s.End])
	})
}

func (c *Command) quick(data []byte) bool {
	var seen [6]bool
	return codec.JSON{}.Members(data, func(key []byte, s codec.Span) bool {
		value := data[s.Start:s.End]
		switch string(key) {
		case "name":
			return once(&seen[0]) && text(value, &c.Name)
		case "fun":
			return once(&seen[1]) && text(value, &c.Function)
		case "args":
			c.Args = []codec.Value{}
			return once(&seen[2]) && codec.JSON{}.Elements(value, func(s codec.Span) bool {
				c.Args = append(c.Args, part(value, s))
				return true
			})
		case "kwargs":
			return once(&seen[3]) && values(value, &c.Kwargs)
		case "locs":
			return once(&seen[4]) && texts(value, &c.Locs)
		case "refs":
			return once(&seen[5]) && codec.JSON{}.Decode(value, &c.Refs) == nil && c.Refs != nil
		}
		return false
	})
}

// quickResponse reads a response without reports; false leaves it to the
// general way. The values of the result are parts of data.
func quickResponse(data []byte) (*Response, bool) {
	r := new(Response)
	var seen [4]bool
	ok := codec.JSON{}.Members(data, func(key []byte, s codec.Span) bool {
		value := data[s.Start:s.End]
		switch string(key) {
		case "role":
			return once(&seen[0]) && isString(value)
		case "u":
			return once(&seen[1]) && text(value, &r.U)
		case "r":
			return once(&seen[2]) && r.quickResults(value)
		case "error":
			return once(&seen[3]) && string(value) == "null"
		}
		return false
	})
	return r, ok && r.U != "" && r.Results != nil && utf8.Valid(data)
}

// quickResults reads few results: names that are there twice are found by
// comparing them all.
func (r *Response) quickResults(data []byte) bool {
	const few = 16
	r.Results = []Result{}
	return codec.JSON{}.Members(data, func(key []byte, s codec.Span) bool {
		for i := range r.Results {
			if r.Results[i].Name == string(key) {
				return false
			}
		}
		r.Results = append(r.Results, Result{string(key), part(data, s)})
		return len(r.Results) <= few
	})
}

// once reports whether a member was not there before, and notes that it is.
func once(seen *bool) bool {
	again := *seen
	*seen = true
	return !again
}

func isString(value []byte) bool { return value[0] == '"' }

func text(value []byte, s *string) bool {
	return isString(value) && codec.JSON{}.Decode(value, s) == nil
}

func texts(list []byte, into *[]string) bool {
	*into = []string{}
	return codec.JSON{}.Elements(list, func(s codec.Span) bool {
		var t string
		ok := text(list[s.Start:s.End], &t)
		*into = append(*into, t)
		return ok
	})
}

func values(object []byte, into *map[string]codec.Value) bool {
	*into = make(map[string]codec.Value)
	return codec.JSON{}.Members(object, func(key []byte, s codec.Span) bool {
		_, again := (*into)[string(key)]
		(*into)[string(key)] = part(object, s)
		return !again
	})
}

// part returns the value that stands at s, sharing its bytes.
func part(data []byte, s codec.Span) codec.Value {
	return codec.Raw(codec.JSON{}, data[s.Start:s.End:s.End])
}
