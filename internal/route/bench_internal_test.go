package route

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// offering is a catalog of n functions, one loc set each.
func offering(n int) *wire.Catalog {
	c := new(wire.Catalog)
	for i := range n {
		c.Functions = append(c.Functions, wire.Offer{Name: fmt.Sprint("service.function-", i), Locs: []string{"dataset-7", "gpu"}[:i%3]})
	}
	return c
}

// benchTable returns a table whose places are as large as those of the root package.
func benchTable() *Table[func()] { return New(Home[func()]{}) }

// BenchmarkMatch is of a function that is a thousand times somewhere else.
func BenchmarkMatch(b *testing.B) {
	for name, run := range map[string]struct {
		nodes, sets int
		own         bool // each member has a resource of its own
		locs        []string
	}{
		"nodes=1000/without_locs":               {1000, 1, false, nil},
		"nodes=1000/resources/without_locs":     {1000, 1, true, nil},
		"nodes=1000/resources/of_one":           {1000, 1, true, []string{"host-5"}},
		"sets=16000/exact":                      {4, 4000, false, []string{"data-77", "gpu"}},
		"sets=16000/superset":                   {4, 4000, false, []string{"data-77"}},
		"sets=16000/superset_of_all":            {4, 4000, false, []string{"gpu"}},
		"sets=16000/without_locs":               {4, 4000, false, nil},
		"sets=16000/resources/exact":            {4, 4000, true, []string{"data-77", "gpu", "host-0"}},
		"sets=16000/resources/superset":         {4, 4000, true, []string{"data-77", "host-0"}},
		"sets=16000/resources/only_the_nodes":   {4, 4000, true, []string{"host-2"}},
		"sets=16000/resources/nowhere_together": {4, 4000, true, []string{"host-0", "host-1"}},
	} {
		b.Run(name, func(b *testing.B) {
			r := benchTable()
			for i := range run.nodes {
				c := new(wire.Catalog)
				if run.own {
					c.Resources = []string{fmt.Sprint("host-", i)}
				}
				for n := range run.sets {
					o := wire.Offer{Name: "f"}
					if run.sets > 1 {
						o.Locs = []string{fmt.Sprint("data-", i*run.sets+n), "gpu"}
					}
					c.Functions = append(c.Functions, o)
				}
				r.Replace(&Node{}, nil, nil, c)
			}
			b.ReportAllocs()
			for b.Loop() {
				var few [8]group[func()]
				r.match(few[:0], "f", run.locs, len(few))
			}
		})
	}
}

// BenchmarkTable is what it costs that one of 100 nodes joins, leaves or
// changes one of its 250 functions.
func BenchmarkTable(b *testing.B) {
	const others, functions = 99, 250
	known := func() *Table[func()] {
		r := benchTable()
		for range others {
			r.Replace(&Node{}, nil, nil, offering(functions))
		}
		return r
	}
	m, catalog := new(Node), offering(functions)
	b.Run("join", func(b *testing.B) {
		var r *Table[func()]
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			if n%others == 0 {
				b.StopTimer()
				r = benchTable()
				r.Replace(new(Node), nil, nil, catalog)
				runtime.GC()
				b.StartTimer()
			}
			n++
			r.Replace(m, nil, nil, catalog)
			m = new(Node)
		}
	})
	b.Run("join_and_leave", func(b *testing.B) {
		r := known()
		b.ReportAllocs()
		for b.Loop() {
			r.Replace(m, nil, nil, catalog)
			r.Replace(m, nil, catalog, nil)
		}
	})
	b.Run("same_again", func(b *testing.B) {
		r := known()
		r.Replace(m, nil, nil, catalog)
		b.ReportAllocs()
		for b.Loop() {
			r.Replace(m, nil, catalog, catalog)
		}
	})
	b.Run("delta", func(b *testing.B) {
		r := known()
		r.Replace(m, nil, nil, catalog)
		o := catalog.Functions[77]
		deltas := []*wire.Delta{
			{Removed: []wire.OfferKey{{Name: o.Name, Locs: o.Locs}}},
			{Added: []wire.Offer{o}},
		}
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			r.Apply(m, nil, catalog, deltas[n%2])
			n++
		}
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			var before, after runtime.MemStats
			catalogs := make([]*wire.Catalog, others)
			for i := range catalogs {
				catalogs[i] = offering(functions)
			}
			runtime.GC()
			runtime.ReadMemStats(&before)
			r := benchTable()
			for _, c := range catalogs {
				r.Replace(new(Node), nil, nil, c)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/others/functions, "B/offer")
			if len(r.match(nil, "service.function-0", nil, math.MaxInt)) != 1 {
				b.Fatal("not there")
			}
			runtime.KeepAlive(catalogs)
		}
	})
}
