package wire_test

import (
	"fmt"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// tick is the gossip of a second in which nothing happens.
var tick = &wire.Gossip{Tick: &wire.Tick{Root: 0x0123456789abcdef, Want: true, Load: 63}}

// manyRecords are those of n nodes, as they come when a node joins.
func manyRecords(n int) *wire.Gossip {
	g := new(wire.Gossip)
	for i := range n {
		g.Records = append(g.Records, wire.Record{
			ID: fmt.Sprintf("01JD3Y5KQ8ZV2M7N4P6R9S%04d", i), Name: fmt.Sprintf("gpu-%d", i),
			URLs:  []string{fmt.Sprintf("ws://10.0.%d.%d:8080", i/256, i%256)},
			Stamp: wire.Stamp{Incarnation: 1_790_000_000_000 + int64(i), Version: 1},
			Body:  1_790_000_000_003 + uint64(i),
		})
	}
	return g
}

func gossipBody(tb testing.TB, g *wire.Gossip) []byte {
	tb.Helper()
	var f wire.Frame
	if err := f.Gossip(g); err != nil {
		tb.Fatal(err)
	}
	_, body := split(tb, joined(&f))
	return body
}

func BenchmarkGossip(b *testing.B) {
	for name, g := range map[string]*wire.Gossip{"tick": tick, "100 records": manyRecords(100)} {
		b.Run(name, func(b *testing.B) {
			var f wire.Frame
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Gossip(g); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(f.Size()), "bytes")
		})
	}
}

func BenchmarkDecodeGossip(b *testing.B) {
	for name, g := range map[string]*wire.Gossip{"tick": tick, "100 records": manyRecords(100)} {
		b.Run(name, func(b *testing.B) {
			body := gossipBody(b, g)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := wire.DecodeGossip(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
