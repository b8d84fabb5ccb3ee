package plan

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// part is what goes into a place. It is not ok if the result has no such
// part.
type part struct {
	value codec.Value
	ok    bool
}

// Fill returns the arguments of step i with the results put in place. result
// is asked for the step's inputs only, for one of them perhaps more than
// once. Nothing of the command itself is changed: arguments without places
// are returned as they came, and an argument that is replaced as a whole
// shares its bytes with the result. A result in another codec than the
// argument that it goes into is converted.
//
// Where a result has no such part, the string that named it stays in names
// mode. In explicit mode that is a *[wire.Error] with code 1006, as is a
// result that cannot be converted. Above MaxValue the code is 1011, and the
// space is not allocated.
func (p *Plan) Fill(i int, result func(int) codec.Value) (args []codec.Value, kwargs map[string]codec.Value, err error) {
	cmd, places := &p.cmds[i], p.Steps[i].Places
	args, kwargs = cmd.Args, cmd.Kwargs
	if len(places) == 0 {
		return args, kwargs, nil
	}
	parts, err := p.parts(i, result)
	if err != nil {
		return nil, nil, err
	}
	if places[0].Arg >= 0 {
		args = slices.Clone(args)
	}
	if places[len(places)-1].Arg < 0 {
		kwargs = maps.Clone(kwargs)
	}
	s := splicer{plan: p, step: i, left: cmp.Or(p.MaxValue, math.MaxInt)}
	for from := 0; from < len(places); {
		pl := &places[from]
		to := from + 1
		for to < len(places) && places[to].Arg == pl.Arg && places[to].Kwarg == pl.Kwarg {
			to++
		}
		v, err := s.argument(lookup(cmd, pl), places[from:to], parts[from:to])
		if err != nil {
			return nil, nil, err
		}
		if pl.Arg >= 0 {
			args[pl.Arg] = v
		} else {
			kwargs[pl.Kwarg] = v
		}
		from = to
	}
	return args, kwargs, nil
}

// parts takes out of the results what goes into each place of step i.
func (p *Plan) parts(i int, result func(int) codec.Value) ([]part, error) {
	places := p.Steps[i].Places
	parts := make([]part, len(places))
	var deeper []int // places that take a part of a result
	for n := range places {
		if len(places[n].Path) == 0 {
			parts[n] = part{result(places[n].From), true}
		} else {
			deeper = append(deeper, n)
		}
	}
	slices.SortStableFunc(deeper, func(a, b int) int { return cmp.Compare(places[a].From, places[b].From) })
	for len(deeper) > 0 {
		from := places[deeper[0]].From
		n := 1
		for n < len(deeper) && places[deeper[n]].From == from {
			n++
		}
		extract(result(from), places, deeper[:n], parts)
		deeper = deeper[n:]
	}
	if p.mode == Names {
		return parts, nil
	}
	for n := range parts {
		if !parts[n].ok {
			return nil, p.missing(i, &places[n])
		}
	}
	return parts, nil
}

// extract sets parts[n] for each n of which, whose places all take their
// parts from v.
func extract(v codec.Value, places []Place, which []int, parts []part) {
	if len(which) == 1 {
		n := which[0]
		parts[n].value, parts[n].ok = v.Get(places[n].Path...)
		return
	}
	if !walkable(v) {
		var err error
		if v, err = v.In(codec.CBOR{}); err != nil {
			return
		}
	}
	paths := make([][]string, len(which))
	for k, n := range which {
		paths[k] = places[n].Path
	}
	data := v.Bytes()
	for k, span := range locate(v, paths) {
		if span != (codec.Span{}) {
			parts[which[k]] = part{codec.Raw(v.Codec(), data[span.Start:span.End:span.End]), true}
		}
	}
}

// splicer builds the arguments of one step.
type splicer struct {
	plan *Plan
	step int
	left int // bytes that may still be built
}

// argument returns v with the parts in its places, which are in the order of
// their spans.
func (s *splicer) argument(v codec.Value, places []Place, parts []part) (codec.Value, error) {
	if places[0].Whole() {
		if parts[0].ok {
			return parts[0].value, nil
		}
		return v, nil
	}
	if !slices.ContainsFunc(parts, func(p part) bool { return p.ok }) {
		return v, nil
	}
	data := v.Bytes()
	size := len(data)
	for n := range places {
		if parts[n].ok {
			size -= places[n].Span.End - places[n].Span.Start
		}
	}
	for n := range places {
		if !parts[n].ok {
			continue
		}
		c, err := parts[n].value.In(v.Codec())
		if err != nil {
			return codec.Value{}, s.plan.unfit(s.step, &places[n], v.Codec(), err)
		}
		parts[n].value = c
		if len(c.Bytes()) > s.left-size {
			return codec.Value{}, s.tooLarge()
		}
		size += len(c.Bytes())
	}
	s.left -= size
	spliced := make([]byte, 0, size)
	at := 0
	for n := range places {
		if parts[n].ok {
			spliced = append(spliced, data[at:places[n].Span.Start]...)
			spliced = append(spliced, parts[n].value.Bytes()...)
			at = places[n].Span.End
		}
	}
	spliced = append(spliced, data[at:]...)
	return codec.Raw(v.Codec(), spliced), nil
}

func (s *splicer) tooLarge() error {
	name := s.plan.cmds[s.step].Name
	return wire.Errorf(wire.ResourceExhausted,
		"command %q: with the results put in place its arguments are over %d bytes; refer to less of them, or in fewer places",
		name, s.plan.MaxValue).
		With(wire.DetailCommand, name).
		With(wire.DetailLimit, "value_bytes").With(wire.DetailMax, int64(s.plan.MaxValue))
}

// missing is the error of a place in step i whose part does not exist.
func (p *Plan) missing(i int, pl *Place) error {
	return p.invalid(i, pl, "command %q, reference at %q: the result of %q has nothing at %q",
		p.cmds[i].Name, pl.Pointer, p.cmds[pl.From].Name, formatPointer(pl.Path...))
}

// unfit is the error of a place in step i whose part can't be written in the
// codec that the argument has.
func (p *Plan) unfit(i int, pl *Place, c codec.Codec, err error) error {
	return p.invalid(i, pl, "command %q, reference at %q: the result of %q can't be put there as %s: %v",
		p.cmds[i].Name, pl.where(), p.cmds[pl.From].Name, c.Name(), err)
}

func (p *Plan) invalid(i int, pl *Place, format string, args ...any) error {
	return wire.Errorf(wire.InvalidArgument, format, args...).
		With(wire.DetailCommand, p.cmds[i].Name).
		With(DetailPlace, pl.where()).
		With(DetailReference, p.cmds[pl.From].Name).
		With(DetailPath, pl.Path)
}

// where returns the pointer of the place, in names mode of its argument.
func (pl *Place) where() string {
	switch {
	case pl.Pointer != "":
		return pl.Pointer
	case pl.Arg >= 0:
		return formatPointer("args", strconv.Itoa(pl.Arg))
	default:
		return formatPointer("kwargs", pl.Kwarg)
	}
}
