package protocoltest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestBadGossip: whatever a node gossips costs no call that is under way, no link
// and no node, and one line in the log at most.
func TestBadGossip(t *testing.T) {
	stamp := func(incarnation int64, version uint64, state wire.State) wire.Stamp {
		return wire.Stamp{Incarnation: incarnation, Version: version, State: state}
	}
	record := func(id string, s wire.Stamp) wire.Record {
		return wire.Record{ID: id, Name: id, URLs: []string{testkit.Nowhere}, Stamp: s, Body: uint64(s.Incarnation)}
	}
	rows := []struct {
		name   string
		gossip func(s *mpreg.Server) *wire.Gossip
		times  int
	}{
		{"a record of the node itself, of long ago", func(s *mpreg.Server) *wire.Gossip {
			return &wire.Gossip{Records: []wire.Record{record(s.ID(), stamp(1, 1, wire.Alive))}}
		}, 3},
		{"a tombstone of the node itself", func(s *mpreg.Server) *wire.Gossip {
			return &wire.Gossip{Records: []wire.Record{record(s.ID(), stamp(s.Members()[0].Incarnation, 1, wire.Dead))}}
		}, 3},
		{"the node itself has left, in the far future", func(s *mpreg.Server) *wire.Gossip {
			return &wire.Gossip{Records: []wire.Record{record(s.ID(), stamp(1<<50, 1<<40, wire.Left))}}
		}, 3},
		{"another process with its id, again and again", func(s *mpreg.Server) *wire.Gossip {
			return &wire.Gossip{Records: []wire.Record{record(s.ID(), stamp(s.Members()[0].Incarnation+5, 9, wire.Alive))}}
		}, 200},
		{"the best numbers that there are", func(s *mpreg.Server) *wire.Gossip {
			return &wire.Gossip{Records: []wire.Record{record("Z", stamp(wire.MaxIncarnation, wire.MaxVersion, wire.Alive))}}
		}, 3},
		{"a delta that is none", func(*mpreg.Server) *wire.Gossip {
			r := record("A", stamp(1000, 2, wire.Alive))
			r.Body, r.Deltas = 1001, []string{"\xff\xff\xff"}
			return &wire.Gossip{Records: []wire.Record{r}}
		}, 3},
		{"a body that is none", func(*mpreg.Server) *wire.Gossip {
			r := record("B", stamp(1000, 2, wire.Alive))
			return &wire.Gossip{Records: []wire.Record{r}, Bodies: []wire.Body{{ID: "B", Version: r.Body, Parts: []string{"\xff"}}}}
		}, 3},
		{"reports about everybody by nobody", func(s *mpreg.Server) *wire.Gossip {
			g := new(wire.Gossip)
			for i := range 500 {
				g.Reports = append(g.Reports,
					wire.Report{Subject: fmt.Sprint("nobody-", i), Stamp: stamp(1, 1, wire.Alive), By: "A", Hard: true},
					wire.Report{Subject: s.ID(), Stamp: stamp(s.Members()[0].Incarnation, 1, wire.Alive), By: fmt.Sprint("liar-", i), Hard: true})
			}
			return g
		}, 3},
		{"digests of thousands of ids", func(*mpreg.Server) *wire.Gossip {
			d := &wire.Digest{Buckets: 1<<64 - 1, Entries: make([]wire.DigestEntry, 3000)}
			for i := range d.Entries {
				d.Entries[i] = wire.DigestEntry{Key: uint64(i), Stamp: stamp(1000, 1, wire.Alive), Body: 1000}
			}
			return &wire.Gossip{Digest: d}
		}, 30},
		{"comparisons without end", func(*mpreg.Server) *wire.Gossip {
			return &wire.Gossip{Tick: &wire.Tick{Root: 1}, Buckets: make([]uint64, wire.GossipBuckets)}
		}, 1000},
		{"bodies of nobody are asked for", func(*mpreg.Server) *wire.Gossip {
			g := new(wire.Gossip)
			for i := range 1000 {
				g.Pulls = append(g.Pulls, wire.Pull{ID: fmt.Sprint("nobody-", i), Wait: i%2 == 0})
			}
			return g
		}, 10},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var log testkit.Journal
			s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()))
			gate := make(chan struct{})
			testkit.Must(t, s.Register("slow", func() string { <-gate; return "done" }))
			p := memberOf(t, s, nodeHello("A", 1000), "far")
			under := testkit.Later(func() (string, error) {
				return mpreg.Call[string](context.Background(), testkit.Connect(t, s.URL()), "slow")
			})
			for range row.times {
				p.send(gossips(t, row.gossip(s)))
			}
			p.alive()
			answersCall(t, s, p, "far")
			close(gate)
			if got := testkit.Within(t, "the answer", under); got.Err != nil || got.Value != "done" {
				t.Errorf("the call that was under way: %+v", got)
			}
			if got := testkit.StateAt(s, s.ID()); got != mpreg.MemberAlive {
				t.Errorf("it holds itself for %s", got)
			}
			log.Brief(t, 1)
		})
	}
}

// TestTooLongDigest: what is beyond the bounds of the protocol is answered with an
// error, and the link lives.
func TestTooLongDigest(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	p := memberOf(t, s, nodeHello("A", 1000), "far")
	body := []byte{7} // a tag, whatever it is, with a length and a count beyond all bounds
	for range 3 {
		p.send(frame(wire.KindGossip, 0, 0, append(body, 0xa0, 0x8d, 0x06)...))
		if e := p.refused(0, mpreg.InvalidRequest, "GOSSIP"); e.Details["executed"] == "yes" {
			t.Errorf("%+v", e)
		}
	}
	answersCall(t, s, p, "far")
}
