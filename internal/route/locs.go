package route

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Surplus counts the locs of an offer's own that were not asked for: of the offers
// that have all of locs those with the fewest are equals. The resources of a node do
// not count: they are the same for all that it offers, and would send every call to
// the node that has least.
func Surplus(own, locs []string) int {
	n := 0
	for _, loc := range own {
		if !slices.Contains(locs, loc) {
			n++
		}
	}
	return n
}

// distinct returns locs sorted and each once: themselves if they are, else in
// dst, which is empty.
func distinct(dst, locs []string) []string {
	for i := 1; i < len(locs); i++ {
		if locs[i-1] >= locs[i] {
			dst = append(dst, locs...)
			slices.Sort(dst)
			return slices.Compact(dst)
		}
	}
	return locs
}

// absent appends those of locs that are not among own; both are sorted.
func absent(dst, own, locs []string) []string {
	for _, loc := range locs {
		if _, ok := slices.BinarySearch(own, loc); !ok {
			dst = append(dst, loc)
		}
	}
	return dst
}

// appendKey appends what tells sorted locs from others. A loc may hold any byte.
func appendKey(dst []byte, locs []string) []byte {
	for _, loc := range locs {
		dst = binary.AppendUvarint(dst, uint64(len(loc)))
		dst = append(dst, loc...)
	}
	return dst
}

// cloned copies the strings, too: they may be part of a whole message.
func cloned(locs []string) []string {
	if len(locs) == 0 {
		return nil
	}
	out := make([]string, len(locs))
	for i, loc := range locs {
		out[i] = strings.Clone(loc)
	}
	return out
}
