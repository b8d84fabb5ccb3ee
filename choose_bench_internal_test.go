package mpreg

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

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
			c, members := choosing(b, 0)
			for i := range 1000 {
				catalog := offered(nil, wire.Offer{Name: "f"}, wire.Offer{Name: "f", Locs: []string{"gpu", "x"}})
				if row.resources {
					catalog.Resources = []string{fmt.Sprint("host-", i)}
				}
				members = append(members, &member{id: fmt.Sprint(i), catalog: catalog})
				c.routes.replace(members[i], nil, catalog)
			}
			for i := range 500 {
				_ = c.self.Register(fmt.Sprint("service.other-function-", i), func() {})
			}
			tried := &tries{local: !row.local}
			c.here(query{function: "f"}).health.average(1, time.Microsecond)
			c.routes.each("f", func(g *group) {
				for _, p := range g.places {
					p.health.average(1, time.Duration(rand.IntN(1000)+1)*time.Microsecond)
				}
			})
			q := &query{function: "f", locs: row.locs}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.choose(q, tried); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
