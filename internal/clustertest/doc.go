// Package clustertest runs clusters through what is exported, and holds them to what
// callers were promised: it has tests only.
//
// Nearly all run in a synctest bubble on the network in memory of package mpregtest,
// where nodes are killed, frozen, cut off and started again, and an hour costs nothing.
// What happens there happens in fake time, so that a test may say when. Each test is one
// scenario that was thought of; those that nobody thinks of are looked for by
// internal/chaos, and hosts with addresses of their own are in internal/hosttest.
//
//	go test ./internal/clustertest                          # all, as in CI
//	go test ./internal/clustertest -run TestFrozenNode -v   # one, with what the nodes log
//
// Which of several equal nodes runs a call, and which of two goroutines comes first, is
// not fixed: what fails rarely may need some runs with -count to fail again.
package clustertest
