// Package chaos has no code: its tests run clusters of package mpregtest under load
// while their nodes are killed, frozen, cut off from each other, drained and started
// again, and hold them to what mpreg promises:
//
//   - every call ends by its deadline
//   - what it returns is right
//   - a function that is not idempotent runs at most once for a call, and exactly
//     once if that succeeds
//   - an error says truly whether its command was executed
//   - afterwards nothing is left: no request, no lease, no goroutine; and all works
//
// Each seed is a scenario of its own: a cluster, its functions, its clients, some
// hundred requests and what happens meanwhile, in the fake time of a synctest bubble.
//
//	go test ./internal/chaos                          # as in CI
//	go test ./internal/chaos -chaos.seed=17 -v        # one seed, with what happened
//	go test ./internal/chaos -chaos.seeds=500 -timeout=0
//	go test ./internal/chaos -chaos.long -timeout=0   # longer scenarios of larger clusters
//
// A seed fixes what happens, and when. It does not fix in which order goroutines run
// that are ready at the same instant, nor which of several equal nodes a router
// picks: what fails rarely may need some runs with -count to fail again.
package chaos
