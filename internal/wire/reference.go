package wire

import (
	"strconv"
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
)

// Ref names another command's result, or a part of it.
type Ref struct {
	Command string
	Path    []string // object keys and decimal array indexes; empty: the whole result
}

// UnmarshalJSON reads ["command", key or index, ...]. An index may be a number
// or its decimal digits in a string. The error is an *Error.
func (r *Ref) UnmarshalJSON(data []byte) error {
	malformed := func(why string) error {
		return Errorf(InvalidRequest,
			`malformed message: field "refs": %s is no reference: %s; write ["command", key or index, ...]`, clip(string(data)), why)
	}
	var steps []any
	if err := (codec.JSON{}).Decode(data, &steps); err != nil {
		return malformed("it is no list")
	}
	if len(steps) == 0 {
		return malformed("it names no command")
	}
	command, ok := steps[0].(string)
	switch {
	case !ok || command == "":
		return malformed("it does not begin with a command's name")
	case utf8.RuneCountInString(command) > MaxName:
		return limitError("refs_characters", MaxName, `field "refs" names a command with more than %d characters`, MaxName)
	}
	path := make([]string, len(steps)-1)
	for i, step := range steps[1:] {
		switch s := step.(type) {
		case string:
			path[i] = s
		case int64:
			if s < 0 {
				return malformed("an index is counted from 0")
			}
			path[i] = strconv.FormatInt(s, 10)
		default:
			return malformed("a step is a string or a whole number")
		}
	}
	r.Command, r.Path = command, path
	return nil
}

func appendRefs(dst []byte, refs map[string]Ref) []byte {
	dst = append(dst, '{')
	for i, place := range sortedKeys(refs) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, place), ':', '[')
		dst = appendString(dst, refs[place].Command)
		for _, step := range refs[place].Path {
			dst = appendString(append(dst, ','), step)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}
