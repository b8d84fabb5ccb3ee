package mpreg

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// A reference may stand anywhere in an argument, also in a field of a struct
// that only the codec knows how to encode. So a *Command and a *Ref encode
// themselves as a placeholder, a string that nobody can have made up, and the
// encoded argument is searched for placeholders; but only if one was encoded.

// placeholder is what placeholders begin with.
var placeholder = "\x00mpreg-ref:" + rand.Text() + ":"

// marks counts the placeholders that were encoded in this process: when it has
// not changed, an argument has none, and need not be searched.
var marks atomic.Uint64

// MarshalJSON implements json.Marshaler: it writes a mark in whose place the request
// puts the command's result, and which means nothing anywhere else.
func (c Command) MarshalJSON() ([]byte, error) { return json.Marshal(c.placeholder()) }

// MarshalJSON implements json.Marshaler, as [Command.MarshalJSON] does.
func (r Ref) MarshalJSON() ([]byte, error) { return json.Marshal(r.placeholder()) }

// MarshalCBOR implements cbor.Marshaler, as [Command.MarshalJSON] does json's.
func (c Command) MarshalCBOR() ([]byte, error) { return codec.CBOR{}.Append(nil, c.placeholder()) }

// MarshalCBOR implements cbor.Marshaler, as [Command.MarshalJSON] does json's.
func (r Ref) MarshalCBOR() ([]byte, error) { return codec.CBOR{}.Append(nil, r.placeholder()) }

func (c Command) placeholder() string {
	marks.Add(1)
	return fmt.Sprintf("%s%d:c%d", placeholder, c.request.id, c.index)
}

func (r Ref) placeholder() string {
	marks.Add(1)
	return fmt.Sprintf("%s%d:r%d", placeholder, r.command.request.id, r.index)
}

// resolve returns what a string refers to; ok is false if it is no placeholder.
func (r *Request) resolve(s string) (ref Ref, ok bool, err error) {
	rest, ok := strings.CutPrefix(s, placeholder)
	if !ok {
		return Ref{}, false, nil
	}
	id, which, _ := strings.Cut(rest, ":")
	if id != strconv.FormatUint(r.id, 10) || which == "" {
		return Ref{}, true, errForeign
	}
	index, err := strconv.Atoi(which[1:])
	switch {
	case err != nil:
		return Ref{}, true, errForeign
	case which[0] == 'c' && index < len(r.commands):
		return Ref{command: r.commands[index]}, true, nil
	case which[0] == 'r' && index < len(r.refs):
		return *r.refs[index], true, nil
	default:
		return Ref{}, true, errForeign
	}
}

// encode returns the command for the wire, less its locs.
func (c *Command) encode(cdc codec.Codec, names []string) (wire.Command, error) {
	out := wire.Command{Name: names[c.index], Function: c.function}
	before := marks.Load()
	var err error
	if out.Args, out.Kwargs, err = encodeArgs(cdc, c.args, nil); err != nil {
		return out, err
	}
	if marks.Load() == before {
		return out, nil
	}
	if _, ok := cdc.(codec.JSON); !ok {
		// Places are found in JSON; what is on the wire may be anything.
		if out.Args, out.Kwargs, err = encodeArgs(codec.JSON{}, c.args, nil); err != nil {
			return out, err
		}
	}
	out.Refs = make(map[string]wire.Ref)
	for i := range out.Args {
		place := "/args/" + strconv.Itoa(i)
		if out.Args[i], err = c.references(place, out.Args[i], names, out.Refs); err != nil {
			return out, err
		}
	}
	for key := range out.Kwargs {
		place := "/kwargs/" + pointerEscape.Replace(key)
		if out.Kwargs[key], err = c.references(place, out.Kwargs[key], names, out.Refs); err != nil {
			return out, err
		}
	}
	return out, nil
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// hasPlaceholder reports whether there may be a placeholder in an argument.
func hasPlaceholder(arg Value) bool { return bytes.Contains(arg.Bytes(), []byte("mpreg-ref:")) }

// references adds the references within an argument to refs, and returns the
// argument with null in their places: placeholders are not for other eyes.
func (c *Command) references(place string, arg Value, names []string, refs map[string]wire.Ref) (Value, error) {
	data := arg.Bytes()
	if !hasPlaceholder(arg) {
		return arg, nil
	}
	var out []byte
	from := 0
	err := walkStrings(data, func(pointer string, start, end int, s string) error {
		ref, ok, err := c.request.resolve(s)
		if !ok || err != nil {
			return err
		}
		refs[place+pointer] = wire.Ref{Command: names[ref.command.index], Path: ref.path}
		out = append(append(out, data[from:start]...), "null"...)
		from = end
		return nil
	})
	if err != nil {
		return Value{}, err
	}
	return codec.Raw(codec.JSON{}, append(out, data[from:]...)), nil
}
