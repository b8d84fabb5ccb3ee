package main

import (
	"fmt"
	"strings"
)

// Each node offers so many functions, each on one of so many datasets.
const (
	offersPerNode = 250
	datasets      = 10
)

// offer is an entry of a node's catalog.
type offer struct{ function, loc string }

// catalogOf returns what a node offers at the start. All nodes offer the same
// functions, as those of a cluster mostly do, but on other datasets.
func catalogOf(node int) []offer {
	offers := make([]offer, offersPerNode)
	for i := range offers {
		offers[i] = offer{fmt.Sprintf("team%02d.function%03d", i/25, i), fmt.Sprintf("dataset-%d", (i+node)%datasets)}
	}
	return offers
}

// text is the catalog as plain text: what memberlist carries, and the size that
// the traffic of a start is compared with.
func text(offers []offer) string {
	var b strings.Builder
	for _, o := range offers {
		b.WriteString(o.function + " " + o.loc + "\n")
	}
	return b.String()
}

// idealBytes is what it takes to give each node's catalog to each other one once.
func idealBytes(nodes int) float64 {
	return float64(nodes*(nodes-1)) * float64(len(text(catalogOf(0))))
}
