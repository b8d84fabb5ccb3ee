package gossip_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSimChaos is the default sweep, or with -long the long one, or with -seed
// one run.
func TestSimChaos(t *testing.T) {
	if *seedFlag != 0 {
		nodes := *nodesFlag
		if nodes == 0 {
			nodes = chaosNodes(*seedFlag, chaosMost(*longFlag))
		}
		var trace func(string, ...any)
		if *eventsFlag {
			trace = t.Logf
		}
		report(t, *seedFlag, runChaos(*seedFlag, nodes, trace))
		return
	}
	runs := 20
	if *longFlag {
		runs = 400
	}
	results := make([]result, runs)
	t.Run("runs", func(t *testing.T) {
		for i := range runs {
			seed := uint64(i + 1)
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				results[i] = runChaos(seed, chaosNodes(seed, chaosMost(*longFlag)), nil)
				report(t, seed, results[i])
			})
		}
	})
	summarize(t, results)
}

func chaosMost(long bool) int {
	if long {
		return 90
	}
	return 40
}

// report fails with what is needed to run it again.
func report(t *testing.T, seed uint64, r result) {
	t.Helper()
	if len(r.failures) == 0 {
		t.Logf("seed %d: %v", seed, r)
		return
	}
	t.Errorf("seed %d: %v\n%s\nto see it again: go test ./internal/gossip -run TestSimChaos -seed %d -nodes %d -events -v",
		seed, r, strings.Join(r.failures, "\n"), seed, r.nodes)
}

func summarize(t *testing.T, results []result) {
	nodes, deaths, bad, slowest := 0, 0, 0, time.Duration(0)
	for _, r := range results {
		nodes += r.nodes
		deaths += r.deaths
		slowest = max(slowest, r.settled)
		if len(r.failures) > 0 {
			bad++
		}
	}
	t.Logf("chaos: seeds 1 to %d, %d nodes in all, %d deaths, slowest agreement %v after all was healed, %d runs failed", len(results), nodes, deaths, slowest, bad)
}
