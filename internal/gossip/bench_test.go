package gossip_test

import (
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// crowd is a machine that knows 100 nodes and has links to its observers.
func crowd() *lab {
	all := ids(100)
	l := newLab("self")
	l.meet(all...)
	for _, id := range all[8:] {
		l.drop(id, 0)
	}
	l.advance(3 * time.Second)
	l.out.Sends = nil
	return l
}

func BenchmarkReceiveTick(b *testing.B) {
	l := crowd()
	g := &wire.Gossip{Tick: &wire.Tick{Root: 1, Want: true}}
	b.ReportAllocs()
	for b.Loop() {
		l.m.Receive(l.now, "n000", g)
		l.m.Take()
	}
}

func BenchmarkReceiveRecord(b *testing.B) {
	l := crowd()
	version := uint64(1)
	b.ReportAllocs()
	for b.Loop() {
		version++
		l.m.Receive(l.now, "n000", &wire.Gossip{Records: []wire.Record{recordOf("n050", version)}})
		l.m.Take()
	}
}

func BenchmarkAdvanceIdle(b *testing.B) {
	l := crowd()
	b.ReportAllocs()
	for b.Loop() {
		l.m.Advance(l.now)
		l.m.Take()
		l.m.Next()
	}
}

func BenchmarkTick(b *testing.B) {
	l := crowd()
	b.ReportAllocs()
	for b.Loop() {
		l.now += time.Second
		for _, id := range l.up {
			l.m.Heard(id, l.now)
		}
		l.m.Advance(l.now)
		l.m.Take()
	}
}

func BenchmarkLearn1000(b *testing.B) {
	var g wire.Gossip
	for _, id := range ids(1000) {
		g.Records = append(g.Records, recordOf(id, 1))
	}
	b.ReportAllocs()
	for b.Loop() {
		l := newLab("self")
		l.link("n000")
		l.m.Receive(l.now, "n000", &wire.Gossip{Records: g.Records})
	}
}
