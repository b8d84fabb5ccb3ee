package gossip

import "github.com/mpreg/mpreg/internal/wire"

// All nodes must compute the same hashes, so that these are part of the protocol.

// keyOf is the hash of a node's id: FNV-1a, finished by mix since the upper bits of
// FNV vary little between short ids.
func keyOf(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return mix(h)
}

// mix is a permutation in which each bit of x changes each bit of the result about
// every second time: the finalizer of SplitMix64 (Steele et al., OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// golden, the golden ratio of 2^64, keeps what is added up from cancelling out.
const golden = 0x9e3779b97f4a7c15

// hashOf is the share of a record in the hash of a view.
func hashOf(key uint64, s wire.Stamp, body uint64) uint64 {
	h := mix(key + golden)
	h = mix(h ^ uint64(s.Incarnation))
	h = mix(h ^ s.Version<<2 ^ uint64(s.State))
	return mix(h ^ body)
}
