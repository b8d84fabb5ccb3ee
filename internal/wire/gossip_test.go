package wire_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/wire"
)

func TestStateNames(t *testing.T) {
	for state, want := range map[wire.State]string{
		wire.Alive: "alive", wire.Dead: "dead", wire.Left: "left", 3: "state 3", 255: "state 255",
	} {
		if got := state.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// anyone is a record that is as it must be.
func anyone() wire.Record {
	return wire.Record{ID: "a", Stamp: wire.Stamp{Incarnation: 1, Version: 1}, Body: 1}
}

// someone returns gossip of a record that is changed.
func someone(change func(*wire.Record)) *wire.Gossip {
	r := anyone()
	change(&r)
	return &wire.Gossip{Records: []wire.Record{r}}
}

func bodyOf(parts ...string) *wire.Gossip {
	return &wire.Gossip{Bodies: []wire.Body{{ID: "a", Version: 1, Parts: parts}}}
}

// TestGossipBounds: what is as large as it may be is written and read; what is
// larger is not written, and the error says why. A reader refuses the same, as
// the vectors show.
func TestGossipBounds(t *testing.T) {
	many := make([]wire.Record, 16_132)
	for i := range many {
		many[i] = anyone()
		many[i].Deltas = make([]string, wire.MaxDeltas)
	}
	large := strings.Repeat("x", wire.MaxDelta+1)
	for name, row := range map[string]struct {
		gossip *wire.Gossip
		says   string // empty: it is within all bounds
	}{
		"an id of 256":        {someone(func(r *wire.Record) { r.ID = strings.Repeat("é", 128) }), ""},
		"an id of 258":        {someone(func(r *wire.Record) { r.ID = strings.Repeat("é", 129) }), `"records[0].id" has more than 256 bytes`},
		"no id":               {someone(func(r *wire.Record) { r.ID = "" }), `"records[0].id" is empty`},
		"an id no text":       {someone(func(r *wire.Record) { r.ID = "\xff" }), `"records[0].id" is not valid UTF-8`},
		"a name of 256":       {someone(func(r *wire.Record) { r.Name = strings.Repeat("x", 256) }), ""},
		"a name of 257":       {someone(func(r *wire.Record) { r.Name = strings.Repeat("x", 257) }), `"records[0].name" has more than 256 bytes`},
		"a name no text":      {someone(func(r *wire.Record) { r.Name = "\xc3" }), `"records[0].name" is not valid UTF-8`},
		"64 URLs":             {someone(func(r *wire.Record) { r.URLs = slices.Repeat([]string{"u"}, 64) }), ""},
		"65 URLs":             {someone(func(r *wire.Record) { r.URLs = slices.Repeat([]string{"u"}, 65) }), `"records[0].urls" has more than 64 entries`},
		"a URL of 2,048":      {someone(func(r *wire.Record) { r.URLs = []string{strings.Repeat("u", 2048)} }), ""},
		"a URL of 2,049":      {someone(func(r *wire.Record) { r.URLs = []string{strings.Repeat("u", 2049)} }), `"records[0].urls" has more than 2048 bytes`},
		"64 deltas":           {someone(func(r *wire.Record) { r.Deltas = slices.Repeat([]string{""}, 64) }), ""},
		"65 deltas":           {someone(func(r *wire.Record) { r.Deltas = slices.Repeat([]string{""}, 65) }), `"records[0].deltas" has more than 64 entries`},
		"a delta of 64 KiB":   {someone(func(r *wire.Record) { r.Deltas = []string{large[1:]} }), ""},
		"a larger delta":      {someone(func(r *wire.Record) { r.Deltas = []string{"", large} }), `"records[0].deltas" has more than 65536 bytes`},
		"incarnation 2^52":    {someone(func(r *wire.Record) { r.Stamp.Incarnation = 1 << 52 }), ""},
		"incarnation 2^52+1":  {someone(func(r *wire.Record) { r.Stamp.Incarnation = 1<<52 + 1 }), `"records[0].stamp.incarnation" is 4503599627370497: it must be from 1 to 4503599627370496`},
		"incarnation -1":      {someone(func(r *wire.Record) { r.Stamp.Incarnation = -1 }), `"records[0].stamp.incarnation" is -1`},
		"version 2^48":        {someone(func(r *wire.Record) { r.Stamp.Version = 1 << 48 }), ""},
		"version 2^48+1":      {someone(func(r *wire.Record) { r.Stamp.Version = 1<<48 + 1 }), `"records[0].stamp.version" is 281474976710657`},
		"state 3":             {someone(func(r *wire.Record) { r.Stamp.State = 3 }), `"records[0].stamp.state" is 3: it must be at most 2`},
		"body 2^52":           {someone(func(r *wire.Record) { r.Body = 1 << 52 }), ""},
		"body 2^52+1":         {someone(func(r *wire.Record) { r.Body = 1<<52 + 1 }), `"records[0].body" is 4503599627370497`},
		"body 0":              {someone(func(r *wire.Record) { r.Body = 0 }), `"records[0].body" is 0`},
		"a report without by": {&wire.Gossip{Reports: []wire.Report{{Subject: "a", Stamp: anyone().Stamp}}}, `"reports[0].by" is empty`},
		"a report of nobody":  {&wire.Gossip{Reports: []wire.Report{{By: "a", Stamp: anyone().Stamp}}}, `"reports[0].subject" is empty`},
		"a report, no stamp":  {&wire.Gossip{Reports: []wire.Report{{Subject: "a", By: "b"}}}, `"reports[0].stamp.incarnation" is 0`},
		"a pull of nobody":    {&wire.Gossip{Pulls: []wire.Pull{{ID: "a"}, {}}}, `"pulls[1].id" is empty`},
		"65 parts":            {bodyOf(slices.Repeat([]string{""}, 65)...), ""},
		"66 parts":            {bodyOf(slices.Repeat([]string{""}, 66)...), `"bodies[0].parts" has more than 65 entries`},
		"a large catalog":     {bodyOf(strings.Repeat("x", 1<<20), "x"), ""},
		"a large change":      {bodyOf("x", large), `"bodies[0].parts" has more than 65536 bytes`},
		"no parts":            {bodyOf(), `"bodies[0].parts" is empty`},
		"lacking nobody":      {&wire.Gossip{Lacking: []string{""}}, `"lacking[0].id" is empty`},
		"65,536 keys":         {&wire.Gossip{Wanted: make([]uint64, 1<<16)}, ""},
		"65,537 keys":         {&wire.Gossip{Wanted: make([]uint64, 1<<16+1)}, `"wanted" has more than 65536 entries`},
		"65,537 ids":          {&wire.Gossip{Lacking: make([]string, 1<<16+1)}, `"lacking" has more than 65536 entries`},
		"65,537 in a digest":  {&wire.Gossip{Digest: &wire.Digest{Entries: make([]wire.DigestEntry, 1<<16+1)}}, `"digest" has more than 65536 entries`},
		"1 bucket":            {&wire.Gossip{Buckets: make([]uint64, 1)}, `"buckets" has 1 entries: it must have 64`},
		"a digest of body 0":  {&wire.Gossip{Digest: &wire.Digest{Entries: []wire.DigestEntry{{Stamp: anyone().Stamp}}}}, `"digest[0].body" is 0`},
		"1,048,515 entries":   {&wire.Gossip{Records: many[:16_131]}, ""},
		"1,048,580 entries":   {&wire.Gossip{Records: many}, "its lists have 1048580 entries together, and may have 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			var f wire.Frame
			err := f.Gossip(row.gossip)
			if row.says != "" {
				e := wireError(t, err)
				if !strings.HasPrefix(e.Message, "malformed GOSSIP frame: ") || !strings.Contains(e.Message, row.says) || f.Size() != 0 {
					t.Errorf("got %v, and %d bytes; want %s", err, f.Size(), row.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, body := split(t, joined(&f))
			if _, err := wire.DecodeGossip(body); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestGossipSizes: an idle cluster sends ticks, a joining node gets a record of
// each, and a repair an entry of a digest.
func TestGossipSizes(t *testing.T) {
	size := func(g *wire.Gossip) int {
		t.Helper()
		var f wire.Frame
		if err := f.Gossip(g); err != nil {
			t.Fatal(err)
		}
		return f.Size()
	}
	if n := size(tick); n != 14 {
		t.Errorf("a tick has %d bytes", n)
	}
	if n := (size(manyRecords(200)) - size(manyRecords(100))) / 100; n != 66 {
		t.Errorf("a record has %d bytes", n)
	}
	d := new(wire.Digest)
	for _, r := range manyRecords(100).Records {
		d.Entries = append(d.Entries, wire.DigestEntry{Key: math.MaxUint64, Stamp: r.Stamp, Body: r.Body})
	}
	if n := size(&wire.Gossip{Digest: d}) / 100; n != 16 {
		t.Errorf("an entry of a digest has %d bytes", n)
	}
}

// TestTickLoad: a load that is too large to be written is the largest.
func TestTickLoad(t *testing.T) {
	g, err := wire.DecodeGossip(gossipBody(t, &wire.Gossip{Tick: &wire.Tick{Load: math.MaxUint64}}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&wire.Tick{Load: math.MaxInt64}, g.Tick); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGossipMemory: what was read is there when the frame is not.
func TestGossipMemory(t *testing.T) {
	want := manyRecords(3)
	want.Records[1].Deltas = []string{"change"}
	want.Bodies = []wire.Body{{ID: "b", Version: 1, Parts: []string{"catalog", "change"}}}
	want.Lacking = []string{"c"}
	body := gossipBody(t, want)
	got, err := wire.DecodeGossip(body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("changed with the frame (-want +got):\n%s", diff)
	}
}

// TestGossipAllocations: a tick is written without an allocation, and a record is
// read with one for each of its strings and one for its URLs.
func TestGossipAllocations(t *testing.T) {
	var f wire.Frame
	if n := testing.AllocsPerRun(100, func() {
		if err := f.Gossip(tick); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations for a tick that is written", n)
	}
	for _, row := range []struct {
		gossip *wire.Gossip
		most   float64
	}{{tick, 3}, {manyRecords(100), 403}} {
		body := gossipBody(t, row.gossip)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := wire.DecodeGossip(body); err != nil {
				t.Fatal(err)
			}
		}); n > row.most {
			t.Errorf("%v allocations, want %v", n, row.most)
		}
	}
}
