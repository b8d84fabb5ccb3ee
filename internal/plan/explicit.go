package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// maxPath bounds the path of a reference, in bytes, as the wire bounds a
// pointer: both are repeated in messages.
const maxPath = 4096

// target is a place before it is looked up: inner is its path within the
// argument.
type target struct {
	Place
	inner []string
}

// compare orders targets by argument, positional ones first, and a place
// before what is inside it.
func (t *target) compare(u *target) int {
	return cmp.Or(
		cmp.Compare(uint(t.Arg), uint(u.Arg)), // -1 comes last
		strings.Compare(t.Kwarg, u.Kwarg),
		slices.Compare(t.inner, u.inner))
}

// explicit finds the references of command i in explicit mode.
func (f *finder) explicit(i int) error {
	cmd := &f.cmds[i]
	if len(cmd.Refs) == 0 {
		return nil
	}
	targets := make([]target, 0, len(cmd.Refs))
	for _, pointer := range slices.Sorted(maps.Keys(cmd.Refs)) {
		t, err := f.target(i, pointer, cmd.Refs[pointer])
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	slices.SortFunc(targets, func(t, u target) int { return t.compare(&u) })
	for len(targets) > 0 {
		n := 1
		for n < len(targets) && targets[n].sameArgument(&targets[0].Place) {
			// In this order a place that others lie within comes right
			// before one of them, so that neighbours show every overlap.
			if a, b := &targets[n-1], &targets[n]; within(b.inner, a.inner) {
				return refuse(cmd.Name, "command %q: the places %s and %s overlap; a place has one reference",
					cmd.Name, a.Pointer, b.Pointer).With(DetailPlace, b.Pointer)
			}
			n++
		}
		if err := f.place(i, targets[:n]); err != nil {
			return err
		}
		targets = targets[n:]
	}
	return nil
}

func within(path, outer []string) bool {
	return len(path) >= len(outer) && slices.Equal(path[:len(outer)], outer)
}

// target checks one reference of command i, up to the argument that it points
// into.
func (f *finder) target(i int, pointer string, ref wire.Ref) (target, error) {
	cmd := &f.cmds[i]
	bad := func(format string, args ...any) (target, error) {
		return target{}, refuse(cmd.Name, "command %q, reference at %q: %s", cmd.Name, pointer, fmt.Sprintf(format, args...)).
			With(DetailPlace, pointer)
	}
	from, ok := f.names.index[ref.Command]
	size := len(ref.Path)
	for _, step := range ref.Path {
		size += len(step)
	}
	switch {
	case !ok:
		return target{}, refuse(cmd.Name, "command %q, reference at %q: the request has no command %q",
			cmd.Name, pointer, ref.Command).With(DetailPlace, pointer).With(DetailReference, ref.Command)
	case from == i:
		return bad("a command cannot use its own result")
	case size > maxPath || len(ref.Path) > codec.MaxDepth:
		return bad("its path into the result is over %d bytes or %d steps", maxPath, codec.MaxDepth)
	}
	tokens, err := parsePointer(pointer)
	if err != nil {
		return bad("%v", err)
	}
	t := target{Place: Place{Arg: -1, Pointer: pointer, From: from, Path: ref.Path}}
	if t.Arg, t.Kwarg, err = argument(cmd, tokens); err != nil {
		return bad("%v", err)
	}
	t.inner = tokens[2:]
	if err := f.use(i, from, 1+len(ref.Path)+len(t.inner)); err != nil {
		return target{}, err
	}
	return t, nil
}

// argument says which argument of cmd the pointer made of tokens leads to.
func argument(cmd *wire.Command, tokens []string) (arg int, kwarg string, err error) {
	if len(tokens) < 2 || tokens[0] != "args" && tokens[0] != "kwargs" {
		return 0, "", errors.New("it must point to an argument or into it: /args/INDEX… or /kwargs/KEY…")
	}
	if tokens[0] == "kwargs" {
		if _, ok := cmd.Kwargs[tokens[1]]; !ok {
			return 0, "", fmt.Errorf("the command has no keyword argument %q", tokens[1])
		}
		return -1, tokens[1], nil
	}
	arg, ok := parseIndex(tokens[1])
	if !ok {
		return 0, "", fmt.Errorf("%q is no index: write decimal digits without leading zeros", tokens[1])
	}
	if arg >= len(cmd.Args) {
		return 0, "", fmt.Errorf("the command has %d arguments, counted from 0", len(cmd.Args))
	}
	return arg, "", nil
}

// place looks up the targets, all in the same argument of command i, and
// notes them in the order in which they stand there.
func (f *finder) place(i int, targets []target) error {
	if len(targets) == 1 && len(targets[0].inner) == 0 {
		f.places = append(f.places, targets[0].Place)
		return nil
	}
	v, err := f.spliceable(i, &targets[0])
	if err != nil {
		return err
	}
	paths := make([][]string, len(targets))
	for n := range targets {
		paths[n] = targets[n].inner
	}
	first := len(f.places)
	for n, span := range locate(v, paths) {
		pl := targets[n].Place
		if span == (codec.Span{}) {
			return refuse(f.cmds[i].Name, "command %q, reference at %q: there is no such place in the argument; put null there",
				f.cmds[i].Name, pl.Pointer).With(DetailPlace, pl.Pointer)
		}
		pl.Span = span
		f.places = append(f.places, pl)
	}
	slices.SortFunc(f.places[first:], func(a, b Place) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	return nil
}

// spliceable returns the argument of command i that t points into, in a codec
// whose bytes can be spliced: only JSON and CBOR promise that a value may be
// exchanged for another without a change elsewhere. Of any other codec a CBOR
// copy takes the argument's place in the plan.
func (f *finder) spliceable(i int, t *target) (codec.Value, error) {
	v := t.argument(f.cmds[i].Args, f.cmds[i].Kwargs)
	if walkable(v) {
		return v, nil
	}
	c, err := v.In(codec.CBOR{})
	if err != nil {
		return codec.Value{}, refuse(f.cmds[i].Name, "command %q, reference at %q: the argument cannot be looked into: %v",
			f.cmds[i].Name, t.Pointer, err).With(DetailPlace, t.Pointer)
	}
	if !f.cloned {
		f.cmds, f.cloned = slices.Clone(f.cmds), true
	}
	cmd := &f.cmds[i]
	if t.Arg >= 0 {
		cmd.Args = slices.Clone(cmd.Args)
		cmd.Args[t.Arg] = c
	} else {
		cmd.Kwargs = maps.Clone(cmd.Kwargs)
		cmd.Kwargs[t.Kwarg] = c
	}
	return c, nil
}
