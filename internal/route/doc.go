// Package route says which nodes can run a call, and which of them runs it. It is pure:
// no I/O, no goroutine, and no clock but [Home.Clock].
//
// # Model
//
// A [Node] offers functions, each under some locs, and may have resources: locs that all
// its functions have. A [Place] is one such function at one node; what is known of the
// calls there is its [Health]. A [Table] has the places of all other nodes, as their
// catalogs say. The node that the table belongs to is the [Home]; what it offers itself
// is asked for when it is needed.
//
// A [Query] names a function and locs. Of the places that have all of these, the ones
// with the fewest locs beyond them are equals. [Table.Choose] takes one of the equals:
// who holds most of the call's inputs, if the query says so; else this node competes
// with a random other, or two random others with each other, and the one wins where a
// call would wait less: (calls in flight + 1) × latency.
//
// # Files
//
//	table.go                what nodes offer: replaced, or changed by a delta
//	entry.go set.go list.go resources.go
//	                        how that is kept: function → sets of locs → groups of places
//	match.go search.go walk.go locs.go
//	                        the equals for a query, and some of them if they are many
//	known.go candidates.go  the equals for what is asked for most, read without a lock
//	choose.go pick.go load.go
//	                        one of the equals
//	survey.go               who looks at all places: when nobody sound is among the equals
//	arrivals.go             waking those who wait for an offer
//	health.go               latency, ejection, probes
//	budget.go durations.go quantile.go
//	                        how many attempts may be repeated, and when a call takes long
//
// # Invariants
//
//   - A table is what its catalogs say, whatever the order of changes: places that are the
//     same before and after a change are the same pointers, and keep their health.
//   - Groups, candidates and places that a choice holds never change under it, but for
//     health and the node's counters: lists only grow beyond the end of all copies, and
//     lose an entry by being copied.
//   - What is known of a query is forgotten under the table's lock by the change that
//     makes it wrong: a choice after a change never goes by what was before it.
//   - Nothing grows with what is asked for and not there.
//
// # Costs
//
// A choice for one loc or none takes some 50 ns among a thousand nodes, most of it
// cache misses and a random number; for several locs the equals are searched for each
// time, in some 300 ns. Neither allocates. A delta costs what it holds. An offer takes
// about a hundred bytes.
package route
