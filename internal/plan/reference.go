package plan

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// finder collects the references of a request, command by command.
type finder struct {
	cmds   []wire.Command
	cloned bool // cmds is no longer the caller's
	names  *names
	steps  []Step
	// usedBy[j] is one more than the last command found to use command j, so
	// that an input is noted once however often it is referred to.
	usedBy []int
	// All steps share two growing arrays. A step keeps the part that it was
	// given when the array moves on; that costs at most as much again, and
	// saves two allocations a command.
	inputs []int
	places []Place
	count  int // against MaxReferences
}

// command finds the references of command i.
func (f *finder) command(i int, mode Mode) error {
	inputs, places := len(f.inputs), len(f.places)
	var err error
	switch {
	case mode == Explicit:
		err = f.explicit(i)
	case len(f.cmds[i].Refs) > 0:
		err = refuse(f.cmds[i].Name,
			`command %q has refs, which need "refs":"explicit" in the request; without it results are referred to by name`,
			f.cmds[i].Name)
	default:
		err = f.named(i)
	}
	if err != nil {
		return err
	}
	step := &f.steps[i]
	step.Places = f.places[places:len(f.places):len(f.places)]
	step.Inputs = f.inputs[inputs:len(f.inputs):len(f.inputs)]
	slices.Sort(step.Inputs)
	return nil
}

// named finds the references of command i in names mode.
func (f *finder) named(i int) error {
	cmd := &f.cmds[i]
	for arg, v := range cmd.Args {
		if err := f.scan(i, Place{Arg: arg}, v); err != nil {
			return err
		}
	}
	if len(cmd.Kwargs) == 0 {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(cmd.Kwargs)) {
		if err := f.scan(i, Place{Arg: -1, Kwarg: key}, cmd.Kwargs[key]); err != nil {
			return err
		}
	}
	return nil
}

// scan finds the references in v, the argument of command i that at says.
func (f *finder) scan(i int, at Place, v codec.Value) error {
	data := v.Bytes()
	if v.Codec().Name() != (codec.JSON{}).Name() || bytes.IndexByte(data, '"') < 0 {
		return nil
	}
	for span, s := range (codec.JSON{}).Strings(data) {
		from, length := f.names.match(s)
		if from < 0 || from == i {
			continue
		}
		pl := at
		pl.From = from
		if !blank(data[:span.Start]) || !blank(data[span.End:]) {
			pl.Span = span
		}
		if length < len(s) {
			path := s[length+1:]
			if strings.Count(path, ".") >= codec.MaxDepth {
				// Nothing is that deep: the string is data. It still makes an
				// edge, as each path does that turns out not to exist.
				if err := f.use(i, from, 1); err != nil {
					return err
				}
				continue
			}
			pl.Path = strings.Split(path, ".")
		}
		if err := f.use(i, from, 1+len(pl.Path)); err != nil {
			return err
		}
		f.places = append(f.places, pl)
	}
	return nil
}

// use notes that command i uses command from, by a reference of that weight.
func (f *finder) use(i, from, weight int) error {
	if f.count += weight; f.count > MaxReferences {
		return wire.Errorf(wire.ResourceExhausted,
			"command %q: with its references, and the steps of their paths, the request has more than %d; split it",
			f.cmds[i].Name, MaxReferences).
			With(wire.DetailCommand, f.cmds[i].Name).
			With(wire.DetailLimit, "references").With(wire.DetailMax, int64(MaxReferences))
	}
	if f.usedBy[from] != i+1 {
		f.usedBy[from] = i + 1
		f.inputs = append(f.inputs, from)
	}
	return nil
}

// blank reports whether b is white space, as JSON has it, or nothing.
func blank(b []byte) bool { return len(bytes.TrimLeft(b, " \t\r\n")) == 0 }
