package wire_test

import (
	"encoding/json"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// formOfValue is a value in a decoded form: null, a string of JSON text, an
// object with the name of another codec and the bytes, or one with a lease.
type formOfValue struct{ codec.Value }

func (v *formOfValue) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		return nil
	case data[0] == '"':
		var s string
		err := json.Unmarshal(data, &s)
		v.Value = raw(s)
		return err
	}
	var form struct {
		Codec string       `json:"codec"`
		Hex   hexBytes     `json:"hex"`
		Lease *formOfLease `json:"lease"`
	}
	if err := json.Unmarshal(data, &form); err != nil {
		return err
	}
	switch form.Codec {
	case "":
		v.Value = (&wire.Lease{Node: form.Lease.Node, Token: wire.Token(form.Lease.Token), Size: form.Lease.Size}).Value()
	case "cbor":
		v.Value = codec.Raw(codec.CBOR{}, form.Hex)
	case hexed{}.Name():
		v.Value = codec.Raw(hexed{}, form.Hex)
	default:
		v.Value = codec.Raw(missing(form.Codec), form.Hex)
	}
	return nil
}

type formOfLease struct {
	Node  string   `json:"node"`
	Token hexBytes `json:"token"`
	Size  int64    `json:"size"`
}

// missing stands for a codec that this process does not have.
type missing string

func (m missing) Name() string                         { return string(m) }
func (missing) Append(b []byte, _ any) ([]byte, error) { return b, nil }
func (missing) Decode([]byte, any) error               { return nil }

func plainValues(forms map[string]formOfValue) map[string]codec.Value {
	values := make(map[string]codec.Value, len(forms))
	for key, form := range forms {
		values[key] = form.Value
	}
	return values
}

// formOfSplice is a splice in a decoded form.
type formOfSplice struct {
	Arg      int         `json:"arg"`
	Kwarg    string      `json:"kwarg"`
	Start    int         `json:"start"`
	End      int         `json:"end"`
	Optional bool        `json:"optional"`
	Command  string      `json:"command"`
	Pointer  string      `json:"pointer"`
	Path     []string    `json:"path"`
	Value    formOfValue `json:"value"`
}

func (s formOfSplice) splice() wire.Splice {
	return wire.Splice{
		Arg: s.Arg, Kwarg: s.Kwarg, Start: s.Start, End: s.End, Value: s.Value.Value, Path: s.Path,
		Optional: s.Optional, Command: s.Command, Pointer: s.Pointer,
	}
}

type formOfFetch struct {
	Node  string   `json:"node"`
	Token hexBytes `json:"token"`
	Path  []string `json:"path"`
}
