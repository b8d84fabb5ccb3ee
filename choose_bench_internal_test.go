package mpreg

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// BenchmarkChooseOf1000 is the whole choice among a thousand nodes.
func BenchmarkChooseOf1000(b *testing.B) {
	for _, row := range []struct {
		name      string
		locs      []string // asked for
		resources bool     // each node has one of its own
		local     bool     // this node competes
	}{
		{"without_locs", nil, false, false},
		{"one_loc", []string{"gpu"}, false, false},
		{"two_locs", []string{"gpu", "x"}, false, false},
		{"resources/without_locs", nil, true, false},
		{"resources/one_loc", []string{"gpu"}, true, false},
		{"local", nil, false, true},
	} {
		b.Run(row.name, func(b *testing.B) {
			c, _ := choosing(b, 0)
			for i := range 1000 {
				catalog := &wire.Catalog{Functions: []wire.Offer{{Name: "f"}, {Name: "f", Locs: []string{"gpu", "x"}}}}
				if row.resources {
					catalog.Resources = []string{fmt.Sprint("host-", i)}
				}
				offering(c, fmt.Sprint(i), catalog)
			}
			for i := range 500 {
				_ = c.self.Register(fmt.Sprint("service.other-function-", i), func() {})
			}
			tried := []*route.Node{&c.self.node}
			if row.local {
				tried = nil
			}
			q := asking("f", row.locs...)
			for range 50_000 { // until it is known of each how long it takes
				f, err := c.choose(q, tried)
				if err != nil {
					b.Fatal(err)
				}
				took := time.Microsecond
				if i, err := strconv.Atoi(f.Place.Node.ID); err == nil {
					took += time.Duration(i*7919%1000) * time.Microsecond
				}
				f.Place.Health.Add(1, took, route.Fine, false)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.choose(q, tried); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
