// Package gossip is the membership of a cluster as a pure state machine: who is alive,
// where, and offering what. Events and the time go in, messages and requests come out
// ([Machine.Take]). There is no I/O, no clock, no goroutine and no lock in it, what it
// goes through it goes through in the order of ids, and all chance comes from
// Config.Rand: a whole cluster of machines is replayed from one seed.
//
// # Record and stamp
//
// Of each node there is a record: a header with its stamp, its URLs and the version of
// its body, and the body itself, what it offers, which is opaque here. A stamp is
// (incarnation, version, state) with alive < dead < left. The larger stamp wins, so
// that merging two views is taking maxima: in any order, any number of times, with the
// same result.
//
// Only the node itself makes stamps that say alive or left. Others only put "dead" to
// a stamp it made, which is larger than that and smaller than its next. Who sees such a
// tombstone of itself, or a report about its present stamp, answers with the next
// version: that is refutation, and return from death. Who sees a stamp of its id that
// it never made has met a former life, or another process of its id; it goes 2^16 above
// the incarnation and the body's version that it sees, with a body version to match.
// Incarnation and body version both begin at the Unix time in milliseconds, so that the
// stamps and body versions of two lives do not meet. (Going just one version above,
// while keeping the other life's incarnation, lets changes of one life's body be
// applied to the other's: the simulator found that.)
//
// The load of a node is in neither part: it rides on ticks, since it changes all the
// time and matters to neighbours only.
//
// # Rings
//
// Up to 16 live nodes everybody observes everybody. Above, each id has a place on 4
// rings, by hash(ring, id), among the live and suspect nodes that can be dialed; its
// observers are its two neighbours on each. Observers are a function of the view, so
// that nodes with the same view agree without a word. The union of random rings is an
// expander: a set of nodes has many edges to the rest, news needs about log N hops, and
// few failures cut nobody off. A node that can't be dialed is looked up on the same
// rings without being on them. A node wants links to its observers, to those that can't
// be dialed and that it observes, and, past each neighbour that it can't reach, to the
// next one. A link stays while either end wants it; the ticks say so.
//
// # Push, pull and repair
//
// Push: each link has a set of ids that the other must hear of, sent every 5 ms with
// what is known then; news goes on over all links but the one it came from. A header
// brings the last changes of the body with it, if they are small.
//
// Pull: who lacks a body asks for it once. It asks the announcer, who may hold the
// request until it has the body itself; such chains end at the owner, so that in a
// joining cluster each body crosses each node once. Else it asks a random neighbour.
// A mere seed is not asked while the rings are not up, it would have to serve everybody.
//
// Repair: each tick has a hash of the live records. If it differs from one's own, and
// that is not explained by news of the last 0.5 s, the hashes of 64 buckets are sent
// (512 B); the other answers with the stamps in those that differ (some 20 B each); what
// either lacks is then sent or asked for. One comparison at a time, 4 in a burst and then
// 5 a second answered on a link. Tombstones are not in the hash, since they expire at
// different times, and are sent only to who says that the node is alive.
//
// # Suspicion
//
// Evidence is soft: silence of a link for 3 s while others' ticks are due, a dial without
// an answer, a wanted link that is missing for 5 s, a node that can't be dialed and is
// not back 1.5 s after its link was lost. Or hard: a link broke, and then every URL of the
// node refuses, or a younger process answers there. What is found at an address is never
// hard by itself, since nodes advertise wrong ones. Each is a report (subject, stamp,
// reporter, hard), flooded once. Everyone decides for itself:
//
//	                     first report, or a tombstone
//	            ┌───────┐ ────────────────────────────► ┌─────────┐
//	 record ──► │ alive │                               │ suspect │
//	            └───────┘ ◄──────────────────────────── └─────────┘
//	             ▲     │     newer alive stamp; first         │ hard ≥ need: now
//	             │     │     link after none; nobody          │ k ≥ need: 4 s
//	             │     │     who reported is left             │ k ≥ 1: 8 s
//	             │     │                                      │ tombstone: 2 s, or k ≥ need
//	newer alive  │     └───────────► ┌──────┐                 ▼
//	stamp        │      left stamp   │ left │            ┌──────┐
//	             │                   └──────┘            │ dead │
//	             └──────────────────────┴────────────────┴──────┘ ──10 min──► forgotten
//
// k counts the reporters that are neither dead nor suspected by two themselves, and need
// is max(min(2, |observers|), ⌊unsuspected observers / 2⌋ + 1): a majority of those who
// can judge, and one witness is not enough where there are two. The times run from the
// first report about the stamp. A suspect is avoided by routes at once, so that a slow
// verdict costs nothing but a place in lists.
//
// What keeps the living alive: a node whose own tick came late mistrusts its clock, and
// moves all times by the delay. Without any link soft evidence kills nobody, and the
// first link afterwards voids all suspicions, since it was this node that was cut off. A
// tombstone accuses only, so that a partition that heals does not kill its larger half.
// After a refutation the accuser waits 10 s × 4^k, at most 640 s, with soft reports of its
// own, so that one bad link does not make a healthy node flap, and that pairs which can
// never reach each other cost little; a new link sets k back to 0, and whenever anybody
// dies the wait is 10 s at most.
//
// # Constants
//
// [Timing] has each time with its reason. The sums that matter:
//
//   - Silence + Quorum − Tick = 6 s: the longest stall that kills nobody.
//   - Silence + Quorum ≈ 7 s: until a frozen node is dead. A crash takes one round
//     trip and the flood, since the evidence is hard.
//   - The flood, hops × (latency + 5 ms), must be well below Quorum, and twice that below
//     Rumour: else refutations come too late.
//   - Traffic at rest: about 8 links × 25 B a second, whatever the number of nodes.
//   - Seeds and dead that are dialed: about one attempt a second in the whole cluster, as
//     each node tries with probability min(0.2, (1 + d/10)/N) to reach one of d. Who is
//     alone, and all up to 16 nodes, dial their seeds as the backoff allows. A seed that
//     led to a node that is known is tried every 15 s by one of the cluster, since a
//     balancer may lead to its other half next time.
//   - Memory: records are bounded by Config.MaxMembers; what is kept besides is bounded by
//     the records, 64 reports about each, 32 changes of 4 KiB of each body, and reports
//     about 256 unknown ids for 30 s.
//
// # Papers
//
// The rings and that many observers must agree are from Rapid (Suresh et al., ATC 2018);
// here there is no consensus about a cut, everyone decides for itself and merge makes
// views equal. Suspicion with refutation by incarnation is from SWIM (Das et al., DSN
// 2002); here nobody probes, since links are open and any frame is life, and a broken
// connection is evidence of its own. From Lifeguard (Dadgar et al., 2018) comes that a
// node doubts itself first, and that more reporters make a suspicion ripe sooner. Repair
// exchanges digests as Scuttlebutt does (van Renesse et al., LADIS 2008), after the
// hashes of buckets, so that views that agree cost a few bytes.
//
// # Limits
//
// The flood must stay well under Quorum. A lone survivor keeps a silent peer suspect for
// ever. Two live processes with one id contradict each other for ever, once a tick; a
// burst is 8. Two lives that began in the same millisecond can't be told apart. Nodes
// that are authenticated are believed: one that lies can make others suspect, and is
// contradicted, but not found out.
package gossip
