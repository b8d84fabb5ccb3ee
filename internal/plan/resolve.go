package plan

import (
	"cmp"
	"math"
	"slices"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// Part is what goes into a place.
type Part struct {
	Value codec.Value
	OK    bool // false: the result has no such part
}

func (p Part) leased() bool { return p.OK && wire.LeaseOf(p.Value) != nil }

// Resolve returns the arguments of step i with the results put in place.
// result is asked for the step's inputs only, for one of them perhaps more
// than once. Nothing of the command itself is changed: arguments without
// places are returned as they came, and an argument that is replaced as a
// whole shares its bytes with the result. A result in another codec than the
// argument that it goes into is converted.
//
// A result may be a [wire.Lease]: its bytes are elsewhere. An argument that
// takes some of it stays as it came, and all its places become splices, with
// which [Splice] finishes the argument at the node that runs the command.
//
// Where a result has no such part, the string that named it stays in names
// mode. In explicit mode that is a *[wire.Error] with code 1006, as is a
// result that cannot be converted. Above MaxValue the code is 1011, and the
// space is not allocated.
func (p *Plan) Resolve(i int, result func(int) codec.Value) (
	args []codec.Value, kwargs map[string]codec.Value, splices []wire.Splice, err error,
) {
	cmd := &p.cmds[i]
	if len(p.Steps[i].Places) == 0 {
		return cmd.Args, cmd.Kwargs, nil, nil
	}
	s := splicer{
		command: cmd.Name, sources: p, optional: p.mode == Names,
		max: p.MaxValue, left: cmp.Or(p.MaxValue, math.MaxInt),
	}
	parts, err := p.parts(&s, i, result)
	if err != nil {
		return nil, nil, nil, err
	}
	return s.fill(cmd.Args, cmd.Kwargs, p.Steps[i].Places, parts)
}

// source implements sources.
func (p *Plan) source(from int) string { return p.cmds[from].Name }

// parts takes out of the results what goes into each place of step i.
func (p *Plan) parts(s *splicer, i int, result func(int) codec.Value) ([]Part, error) {
	places := p.Steps[i].Places
	parts := make([]Part, len(places))
	var deeper []int // places that take a part of a result
	for n := range places {
		if len(places[n].Path) == 0 {
			parts[n] = Part{result(places[n].From), true}
			s.leases = s.leases || parts[n].leased()
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
		s.extract(result(from), places, deeper[:n], parts)
		deeper = deeper[n:]
	}
	if s.optional {
		return parts, nil
	}
	for n := range parts {
		if !parts[n].OK {
			return nil, s.missing(&places[n])
		}
	}
	return parts, nil
}

// extract sets parts[n] for each n of which, whose places all take their
// parts from v. Of a lease the part is the lease: nobody here can say whether
// there is such a part.
func (s *splicer) extract(v codec.Value, places []Place, which []int, parts []Part) {
	if wire.LeaseOf(v) != nil {
		for _, n := range which {
			parts[n] = Part{v, true}
		}
		s.leases = true
		return
	}
	if len(which) == 1 {
		n := which[0]
		parts[n].Value, parts[n].OK = v.Get(places[n].Path...)
		return
	}
	paths := make([][]string, len(which))
	for k, n := range which {
		paths[k] = places[n].Path
	}
	for k, part := range Extract(v, paths) {
		parts[which[k]] = part
	}
}

// Extract returns the parts of v at paths, which share its memory. v is read once,
// however many paths there are. A part is not OK where v has none, and none is
// where v can't be looked into.
func Extract(v codec.Value, paths [][]string) []Part {
	parts := make([]Part, len(paths))
	if !walkable(v) {
		var err error
		if v, err = v.In(codec.CBOR{}); err != nil {
			return parts
		}
	}
	data := v.Bytes()
	for k, span := range locate(v, paths) {
		if span != (codec.Span{}) {
			parts[k] = Part{codec.Raw(v.Codec(), data[span.Start:span.End:span.End]), true}
		}
	}
	return parts
}
