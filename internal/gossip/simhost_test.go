package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
)

// host is a place in the network, where at most one process runs at a time.
type host struct {
	w       *world
	index   int
	id      string   // of the node that runs here
	urls    []string // that it advertises; empty: it can't be dialed
	up      bool     // else nothing answers, not even with a refusal
	clock   int64    // the wall clock as the last process saw it
	process *process

	sends, receives, accepts time.Duration // when its line and its listener are free
}

// addHost adds a host whose URL works.
func (w *world) addHost() *host {
	i := len(w.hosts)
	h := &host{w: w, index: i, up: true, clock: 1_790_000_000_000 + w.rng.Int64N(100)}
	h.id = fmt.Sprintf("01J%05X%018d", w.rng.Uint32N(1<<20), i)
	h.urls = []string{fmt.Sprintf("ws://10.0.%d.%d:9000", i/256, i%256)}
	w.byURL[h.urls[0]] = h
	w.hosts = append(w.hosts, h)
	w.oracle.excused = append(w.oracle.excused, excuse{})
	return h
}

// addHosts adds n hosts.
func (w *world) addHosts(n int) {
	for range n {
		w.addHost()
	}
}

// hide puts the host behind a NAT: it can dial, and can't be dialed.
func (h *host) hide() { h.urls = nil }

// mislead makes the host advertise an address where nobody is, alone or before
// the right one.
func (h *host) mislead(alone bool) {
	wrong := fmt.Sprintf("ws://192.0.2.%d:9", h.index)
	if alone {
		h.urls = []string{wrong}
	} else {
		h.urls = append([]string{wrong}, h.urls...)
	}
}

// urlsOf returns the right addresses of hosts, for seeds.
func (w *world) urlsOf(indices ...int) []string {
	var out []string
	for _, i := range indices {
		out = append(out, fmt.Sprintf("ws://10.0.%d.%d:9000", i/256, i%256))
	}
	return out
}

// boot starts a process on the host. passed is what its wall clock says has
// passed since the last start, in milliseconds: less than nothing if it was set
// back.
func (h *host) boot(passed int64, seeds []string) *process {
	w := h.w
	h.clock += passed
	w.lives++
	p := &process{
		w: w, host: h, life: w.lives, id: h.id, incarnation: h.clock, alive: true,
		started: w.now, skew: w.chance(time.Hour), links: make(map[string]*end),
		content: 1, seen: make(map[string]sight),
	}
	h.process = p
	h.powerOn()
	p.machine = gossip.New(p.clock(), gossip.Config{
		ID: h.id, Name: fmt.Sprintf("n%d", h.index), URLs: h.urls, Incarnation: h.clock,
		Seeds: seeds, Body: p.body(), Rand: rand.New(rand.NewPCG(w.rng.Uint64(), w.rng.Uint64())),
		Timing: w.timing, MaxMembers: w.most,
	})
	w.oracle.boots(p)
	w.trace("%v boots, incarnation %d", p, p.incarnation)
	p.settle()
	return p
}

// powerOn lets the host answer again: with resets, to whom a former process had
// connections.
func (h *host) powerOn() {
	if h.up {
		return
	}
	h.up = true
	for _, c := range h.w.net.conns {
		for _, e := range c.ends {
			if e.host == h {
				e.release()
			}
		}
	}
}
