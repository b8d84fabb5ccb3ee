package wire_test

import (
	"fmt"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// largeCatalog is that of a node with 250 functions: each has a name of its own,
// and they share 20 signatures and 40 sets of locs.
func largeCatalog() *wire.Catalog {
	c := &wire.Catalog{Resources: []string{"gpu", "zone-a"}}
	for i := range 250 {
		o := wire.Offer{
			Name: fmt.Sprintf("service-%d.method-%d", i/10, i), Signature: fmt.Sprintf("(int, Request%d) (Response%d)", i%20, i%20),
			Idempotent: i%2 == 0,
		}
		if i%5 > 0 {
			o.Locs = []string{fmt.Sprintf("dataset-%d", i%40), "gpu"}
		}
		c.Functions = append(c.Functions, o)
	}
	return c
}

func BenchmarkAppendCatalog(b *testing.B) {
	c := largeCatalog()
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if text, err = wire.AppendCatalog(text[:0], c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(text)), "bytes")
}

func BenchmarkDecodeCatalogText(b *testing.B) {
	text := catalogText(b, largeCatalog())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.DecodeCatalogText(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCatalogApply(b *testing.B) {
	c := largeCatalog()
	d := &wire.Delta{Added: []wire.Offer{{Name: "new", Locs: []string{"gpu"}}}}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(c.Apply(d).Functions); n != 251 {
			b.Fatal(n)
		}
	}
}

func BenchmarkCatalogDiff(b *testing.B) {
	c := largeCatalog()
	next := c.Apply(&wire.Delta{Added: []wire.Offer{{Name: "new", Locs: []string{"gpu"}}}})
	b.ReportAllocs()
	for b.Loop() {
		if n := len(c.Diff(next).Added); n != 1 {
			b.Fatal(n)
		}
	}
}
