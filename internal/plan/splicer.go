package plan

import (
	"maps"
	"slices"
	"strconv"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// splicer builds the arguments of one command.
type splicer struct {
	command  string
	sources  sources
	optional bool // what a result does not have leaves its place as it is
	leases   bool // some parts may be leases
	max      int  // 0: no bound
	left     int  // bytes of max that may still be built
}

// sources has the names of the commands that places take results from, by
// their From.
type sources interface{ source(from int) string }

// fill returns args and kwargs, which it does not change, with the parts in
// the places; and the places of arguments that take a lease. It may change
// parts.
func (s *splicer) fill(args []codec.Value, kwargs map[string]codec.Value, places []Place, parts []Part) (
	[]codec.Value, map[string]codec.Value, []wire.Splice, error,
) {
	if places[0].Arg >= 0 {
		args = slices.Clone(args)
	}
	if places[len(places)-1].Arg < 0 {
		kwargs = maps.Clone(kwargs)
	}
	var splices []wire.Splice
	for len(places) > 0 {
		pl, n := &places[0], 1
		for n < len(places) && places[n].sameArgument(pl) {
			n++
		}
		v := pl.argument(args, kwargs)
		var err error
		if s.leases && slices.ContainsFunc(parts[:n], Part.leased) {
			splices, err = s.leave(splices, v, places[:n], parts[:n])
		} else {
			v, err = s.argument(v, places[:n], parts[:n])
		}
		if err != nil {
			return nil, nil, nil, err
		}
		if pl.Arg >= 0 {
			args[pl.Arg] = v
		} else {
			kwargs[pl.Kwarg] = v
		}
		places, parts = places[n:], parts[n:]
	}
	return args, kwargs, splices, nil
}

// argument returns v with the parts in its places, which are in the order of
// their spans.
func (s *splicer) argument(v codec.Value, places []Place, parts []Part) (codec.Value, error) {
	if places[0].Whole() {
		if parts[0].OK {
			return parts[0].Value, nil
		}
		return v, nil
	}
	if !slices.ContainsFunc(parts, func(p Part) bool { return p.OK }) {
		return v, nil
	}
	size, err := s.fit(v, places, parts)
	if err != nil {
		return codec.Value{}, err
	}
	data := v.Bytes()
	spliced := make([]byte, 0, size)
	at := 0
	for n := range places {
		if parts[n].OK {
			spliced = append(spliced, data[at:places[n].Span.Start]...)
			spliced = append(spliced, parts[n].Value.Bytes()...)
			at = places[n].Span.End
		}
	}
	spliced = append(spliced, data[at:]...)
	return codec.Raw(v.Codec(), spliced), nil
}

// leave appends the places of v as splices. What is here goes along, in the
// codec that it is needed in: an error shows before anything is sent.
func (s *splicer) leave(splices []wire.Splice, v codec.Value, places []Place, parts []Part) ([]wire.Splice, error) {
	if !places[0].Whole() {
		if _, err := s.fit(v, places, parts); err != nil {
			return nil, err
		}
	}
	for n := range places {
		if !parts[n].OK {
			continue
		}
		pl := &places[n]
		splice := wire.Splice{
			Arg: pl.Arg, Kwarg: pl.Kwarg, Start: pl.Span.Start, End: pl.Span.End, Value: parts[n].Value,
			Optional: s.optional, Command: s.sources.source(pl.From), Pointer: pl.where(),
		}
		if parts[n].leased() {
			splice.Path = pl.Path
		}
		splices = append(splices, splice)
	}
	return splices, nil
}

// fit brings the parts, without those that are leases, into the codec of v
// and returns the size of v with them in its places, which it takes from what
// may be built.
func (s *splicer) fit(v codec.Value, places []Place, parts []Part) (int, error) {
	size := len(v.Bytes())
	for n := range places {
		if parts[n].OK {
			size -= places[n].Span.End - places[n].Span.Start
		}
	}
	for n := range places {
		if !parts[n].OK || s.leases && parts[n].leased() {
			continue
		}
		c, err := parts[n].Value.In(v.Codec())
		if err != nil {
			return 0, s.unfit(&places[n], v.Codec(), err)
		}
		parts[n].Value = c
		if len(c.Bytes()) > s.left-size {
			return 0, s.tooLarge()
		}
		size += len(c.Bytes())
	}
	s.left -= size
	return size, nil
}

func (s *splicer) tooLarge() error {
	return wire.Errorf(wire.ResourceExhausted,
		"command %q: with the results put in place its arguments are over %d bytes; refer to less of them, or in fewer places",
		s.command, s.max).
		With(wire.DetailCommand, s.command).
		With(wire.DetailLimit, "value_bytes").With(wire.DetailMax, int64(s.max))
}

// missing is the error of a place whose part does not exist.
func (s *splicer) missing(pl *Place) error {
	return s.invalid(pl, "command %q, reference at %q: the result of %q has nothing at %q",
		s.command, pl.where(), s.sources.source(pl.From), formatPointer(pl.Path...))
}

// unfit is the error of a place whose part can't be written in the codec that
// the argument has.
func (s *splicer) unfit(pl *Place, c codec.Codec, err error) error {
	return s.invalid(pl, "command %q, reference at %q: the result of %q can't be put there as %s: %v",
		s.command, pl.where(), s.sources.source(pl.From), c.Name(), err)
}

func (s *splicer) invalid(pl *Place, format string, args ...any) error {
	return wire.Errorf(wire.InvalidArgument, format, args...).
		With(wire.DetailCommand, s.command).
		With(DetailPlace, pl.where()).
		With(DetailReference, s.sources.source(pl.From)).
		With(DetailPath, pl.Path)
}

func (pl *Place) sameArgument(other *Place) bool {
	return pl.Arg == other.Arg && pl.Kwarg == other.Kwarg
}

// argument returns the argument that the place is in.
func (pl *Place) argument(args []codec.Value, kwargs map[string]codec.Value) codec.Value {
	if pl.Arg >= 0 {
		return args[pl.Arg]
	}
	return kwargs[pl.Kwarg]
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
