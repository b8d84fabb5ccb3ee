package mpregtest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg/mpregtest"
)

// TestChaos: a minute after whatever happened to a cluster it is one again.
func TestChaos(t *testing.T) {
	const nodes, rounds, steps = 5, 4, 6
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				running := [nodes]bool{true, true, true, true, true}
				c := mpregtest.NewCluster(t, nodes, mpregtest.Setup(hostsOwn), quiet(),
					mpregtest.Latency(time.Duration(seed%3)*time.Millisecond))
				happen := map[string]func(i int){
					"kill":    func(i int) { c.Node(i).Kill(); running[i] = false },
					"stop":    func(i int) { _ = c.Node(i).Stop(); running[i] = false },
					"freeze":  func(i int) { c.Node(i).Freeze() },
					"thaw":    func(i int) { c.Node(i).Thaw() },
					"isolate": func(i int) { c.Partition([]int{i}) },
					"split":   func(i int) { c.Partition(random.Perm(nodes)[:i]) },
					"cut":     func(i int) { c.Cut(i, (i+1)%nodes) },
					"heal":    func(int) { c.Heal() },
					"wait":    func(i int) { <-time.After(time.Duration(i*i) * time.Second) },
					"restart": func(i int) {
						if !running[i] {
							c.Node(i).Restart()
							running[i] = true
						}
					},
				}
				events := []string{"kill", "stop", "freeze", "thaw", "isolate", "split", "cut", "heal", "wait", "restart"}
				for range rounds {
					for range steps {
						event, i := events[random.IntN(len(events))], random.IntN(nodes)
						t.Log(event, i)
						happen[event](i)
					}
					c.Heal()
					for i, n := range c.Nodes() {
						n.Thaw()
						happen["restart"](i)
					}
					// Dials that were held may go on to take the place of good links,
					// and fail.
					<-time.After(time.Minute)
					c.WaitConverged()
					agree(t, c, c.Nodes()...)
				}
			})
		})
	}
}
