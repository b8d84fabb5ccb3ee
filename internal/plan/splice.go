package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// Splice finishes the arguments of a command at the node that runs it: it
// returns them with what was fetched in the places that [Plan.Resolve] left.
// fetched[n] belongs to splices[n]: the part of its lease, or its Value as it
// is, if that is none. maxValue is the MaxValue of a [Plan], over the
// arguments that have splices.
//
// Nothing that it is given is changed. Rules and errors are those of Resolve;
// besides, splices that don't fit the arguments are a *[wire.Error] with code
// 1004, and a part that is still a lease is one with code 1002. command is the
// name of the command that runs, for errors.
func Splice(
	command string, args []codec.Value, kwargs map[string]codec.Value,
	splices []wire.Splice, fetched []Part, maxValue int,
) ([]codec.Value, map[string]codec.Value, error) {
	if len(splices) == 0 {
		return args, kwargs, nil
	}
	places, err := splicePlaces(command, args, kwargs, splices)
	if err != nil {
		return nil, nil, err
	}
	s := splicer{
		command: command, sources: spliceSources(splices),
		max: maxValue, left: cmp.Or(maxValue, math.MaxInt),
	}
	for n := range splices {
		switch {
		case n >= len(fetched) || fetched[n].leased():
			return nil, nil, wire.Errorf(wire.Internal, "command %q: the result of %q, for %q, was not fetched",
				command, splices[n].Command, places[n].where()).With(wire.DetailCommand, command)
		case !fetched[n].OK && !splices[n].Optional:
			return nil, nil, s.missing(&places[n])
		}
	}
	args, kwargs, _, err = s.fill(args, kwargs, places, slices.Clone(fetched[:len(splices)]))
	return args, kwargs, err
}

// spliceSources are splices as the sources of their places.
type spliceSources []wire.Splice

func (s spliceSources) source(from int) string { return s[from].Command }

// splicePlaces returns the places of splices, which come from another node:
// each within its argument, in order, none over another.
func splicePlaces(
	command string, args []codec.Value, kwargs map[string]codec.Value, splices []wire.Splice,
) ([]Place, error) {
	places := make([]Place, len(splices))
	for n := range splices {
		s := &splices[n]
		places[n] = Place{
			Arg: s.Arg, Kwarg: s.Kwarg, Span: codec.Span{Start: s.Start, End: s.End},
			Pointer: s.Pointer, From: n, Path: s.Path,
		}
		problem := misplaced(&places[n], args, kwargs)
		if problem == "" && n > 0 && !places[n-1].before(&places[n]) {
			problem = "it does not come behind the one before"
		}
		if problem != "" {
			return nil, refuse(command, "command %q, splice %d: %s", command, n, problem)
		}
	}
	return places, nil
}

// misplaced says why the arguments have no such place, "" if they have it.
func misplaced(pl *Place, args []codec.Value, kwargs map[string]codec.Value) string {
	switch _, ok := kwargs[pl.Kwarg]; {
	case pl.Arg < -1 || pl.Arg >= len(args):
		return fmt.Sprintf("the command has no argument %d", pl.Arg)
	case pl.Arg >= 0 && pl.Kwarg != "":
		return "it is in two arguments"
	case pl.Arg < 0 && !ok:
		return fmt.Sprintf("the command has no keyword argument %q", pl.Kwarg)
	case pl.Whole():
		return ""
	}
	v := pl.argument(args, kwargs)
	switch {
	case !walkable(v):
		return fmt.Sprintf("values in %s cannot be spliced", v.Codec().Name())
	case pl.Span.Start < 0 || pl.Span.Start >= pl.Span.End || pl.Span.End > len(v.Bytes()):
		return fmt.Sprintf("bytes %d to %d are no place in an argument of %d bytes", pl.Span.Start, pl.Span.End, len(v.Bytes()))
	}
	return ""
}

// before reports whether pl ends where other starts, or earlier: positional
// arguments come first, a whole argument shares its place with nothing.
func (pl *Place) before(other *Place) bool {
	if !pl.sameArgument(other) {
		return cmp.Or(
			cmp.Compare(uint(pl.Arg), uint(other.Arg)), // -1 comes last
			cmp.Compare(pl.Kwarg, other.Kwarg)) < 0
	}
	return !pl.Whole() && !other.Whole() && pl.Span.End <= other.Span.Start
}
