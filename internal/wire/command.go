package wire

import "github.com/mpreg/mpreg/codec"

// Command is one call of a request: the one model that clients build, the
// wire carries, the plan orders and the registry runs.
type Command struct {
	Name     string                 `json:"name" validate:"required,max=256"`
	Function string                 `json:"fun" validate:"required,max=256"`
	Args     []codec.Value          `json:"args"`
	Kwargs   map[string]codec.Value `json:"kwargs" validate:"dive,keys,max=256,endkeys"`
	Locs     []string               `json:"locs" validate:"max=256,dive,required,max=256"`

	// Refs maps a place within the command, an RFC 6901 pointer such as
	// "/args/0/a~1b", to what is put there. Only in explicit mode.
	Refs map[string]Ref `json:"refs" validate:"dive,keys,max=4096,endkeys"`
}

func appendCommand(dst []byte, c *Command) ([]byte, error) {
	dst = appendString(append(dst, `{"name":`...), c.Name)
	dst = appendString(append(dst, `,"fun":`...), c.Function)
	dst = append(dst, `,"args":[`...)
	for i, arg := range c.Args {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, arg); err != nil {
			return nil, c.unsendable(Errorf(InvalidArgument, "argument %d can't be sent as JSON: %v", i, err))
		}
	}
	dst = append(dst, ']')
	if len(c.Kwargs) > 0 {
		dst = append(dst, `,"kwargs":{`...)
		for i, key := range sortedKeys(c.Kwargs) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, key), ':')
			var err error
			if dst, err = appendValue(dst, c.Kwargs[key]); err != nil {
				return nil, c.unsendable(Errorf(InvalidArgument, "keyword %q can't be sent as JSON: %v", key, err))
			}
		}
		dst = append(dst, '}')
	}
	if len(c.Locs) > 0 {
		dst = appendStrings(append(dst, `,"locs":`...), c.Locs)
	}
	if len(c.Refs) > 0 {
		dst = appendRefs(append(dst, `,"refs":`...), c.Refs)
	}
	return append(dst, '}'), nil
}

// unsendable places an error of a command that never left.
func (c *Command) unsendable(e *Error) *Error {
	return e.With(DetailCommand, c.Name).With(DetailFunction, c.Function).With(DetailExecuted, "no")
}
