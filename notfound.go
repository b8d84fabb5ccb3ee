package mpreg

import (
	"cmp"
	"fmt"
	"slices"
)

// notFound explains why none of a function's offers matches: there are none, or
// the closest one lacks some locs.
func notFound(name string, locs []string, offers [][]string) *Error {
	if len(offers) == 0 {
		return newError(NotFound, ExecutedNo, "no node offers the function %q", name)
	}
	closest := slices.MinFunc(offers, func(a, b []string) int {
		return cmp.Compare(len(lacking(locs, a)), len(lacking(locs, b)))
	})
	lacks := lacking(locs, closest)
	e := newError(NotFound, ExecutedNo, "no node offers the function %q %s: the closest offer is %s and lacks %q",
		name, withLocs(locs), withLocs(closest), lacks)
	e.Details = map[string]any{"missing_locs": lacks, "closest_offer": closest}
	return e
}

// lacking returns those of locs that has does not have.
func lacking(locs, has []string) []string {
	var lacks []string
	for _, loc := range locs {
		if !slices.Contains(has, loc) {
			lacks = append(lacks, loc)
		}
	}
	return lacks
}

func withLocs(locs []string) string {
	if len(locs) == 0 {
		return "without locs"
	}
	return fmt.Sprintf("with the locs %q", locs)
}
