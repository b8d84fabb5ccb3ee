package wire_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// fataler is what a test, a benchmark and a property have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func catalogText(t fataler, c *wire.Catalog) string {
	t.Helper()
	text, err := wire.AppendCatalog(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func deltaText(t fataler, d *wire.Delta) string {
	t.Helper()
	text, err := wire.AppendDelta(nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// list returns n texts that differ.
func list(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("loc-", i)
	}
	return out
}

func offersWith(n int, change func(*wire.Offer)) []wire.Offer {
	out := make([]wire.Offer, n)
	for i := range out {
		out[i].Name = "f"
		if change != nil {
			change(&out[i])
		}
	}
	return out
}

// one returns a catalog of one function.
func one(change func(*wire.Offer)) *wire.Catalog {
	return &wire.Catalog{Functions: offersWith(1, change)}
}

// TestCatalogTextBounds: what is as large as it may be is written and read; of
// what is larger, both ends say which bound it is.
func TestCatalogTextBounds(t *testing.T) {
	for name, row := range map[string]struct {
		catalog *wire.Catalog
		limit   string // empty: it is within all bounds
	}{
		"a name of 256 characters":    {one(func(o *wire.Offer) { o.Name = strings.Repeat("é", 256) }), ""},
		"a name of 257":               {one(func(o *wire.Offer) { o.Name = strings.Repeat("é", 257) }), "name_characters"},
		"1,024 locs":                  {one(func(o *wire.Offer) { o.Locs = list(1024) }), ""},
		"1,025 locs":                  {one(func(o *wire.Offer) { o.Locs = list(1025) }), "locs_entries"},
		"a loc of 257":                {one(func(o *wire.Offer) { o.Locs = []string{strings.Repeat("x", 257)} }), "locs_characters"},
		"1,024 resources":             {&wire.Catalog{Resources: list(1024)}, ""},
		"1,025 resources":             {&wire.Catalog{Resources: list(1025)}, "resources_entries"},
		"a resource of 257":           {&wire.Catalog{Resources: []string{"a", strings.Repeat("x", 257)}}, "resources_characters"},
		"a signature of 65,536":       {one(func(o *wire.Offer) { o.Signature = strings.Repeat("x", 1<<16) }), ""},
		"a signature of 65,537":       {one(func(o *wire.Offer) { o.Signature = strings.Repeat("x", 1<<16+1) }), "signature_characters"},
		"a doc of 1,048,576":          {one(func(o *wire.Offer) { o.Doc = strings.Repeat("é", 1<<20) }), ""},
		"a doc of 1,048,577":          {one(func(o *wire.Offer) { o.Doc = strings.Repeat("x", 1<<20+1) }), "doc_characters"},
		"65,536 functions":            {&wire.Catalog{Functions: offersWith(1<<16, nil)}, ""},
		"65,537 functions":            {&wire.Catalog{Functions: offersWith(1<<16+1, nil)}, "functions_entries"},
		"1,048,576 locs of functions": {&wire.Catalog{Functions: sharing(1024, list(1024))}, ""},
		"1,049,600 locs of functions": {&wire.Catalog{Functions: sharing(1025, list(1024))}, "locs_entries"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := wire.AppendCatalog([]byte("in front"), row.catalog)
			if row.limit != "" {
				if e := wireError(t, err); e.Code != wire.ResourceExhausted || e.Details[wire.DetailLimit] != row.limit || string(text) != "in front" {
					t.Errorf("got %v, %v, want limit %s", err, e.Details, row.limit)
				}
				return
			}
			got, err := wire.DecodeCatalogText(strings.TrimPrefix(string(text), "in front"))
			if err != nil {
				t.Fatal(err)
			}
			if again, err := wire.AppendCatalog([]byte("in front"), got); err != nil || !bytes.Equal(text, again) {
				t.Errorf("was read otherwise, or %v", err)
			}
		})
	}
}

// sharing returns n offers of the same locs.
func sharing(n int, locs []string) []wire.Offer {
	return offersWith(n, func(o *wire.Offer) { o.Locs = locs })
}

func TestDeltaBounds(t *testing.T) {
	removed := make([]wire.OfferKey, 1<<16+1)
	for i := range removed {
		removed[i] = wire.OfferKey{Name: "f"}
	}
	many := wire.OfferKey{Name: "f", Locs: list(1024)}
	for name, row := range map[string]struct {
		delta wire.Delta
		limit string
	}{
		"65,537 that go":              {wire.Delta{Removed: removed}, "removed_entries"},
		"65,537 that come":            {wire.Delta{Added: offersWith(1<<16+1, nil)}, "added_entries"},
		"a name of 257 goes":          {wire.Delta{Removed: []wire.OfferKey{{Name: strings.Repeat("x", 257)}}}, "name_characters"},
		"1,025 locs go":               {wire.Delta{Removed: []wire.OfferKey{{Name: "f", Locs: list(1025)}}}, "locs_entries"},
		"1,025 resources":             {wire.Delta{Resources: list(1025), SetsResources: true}, "resources_entries"},
		"1,049,600 locs, on two ways": {wire.Delta{Removed: slices.Repeat([]wire.OfferKey{many}, 512), Added: sharing(513, many.Locs)}, "locs_entries"},
	} {
		text, err := wire.AppendDelta([]byte("in front"), &row.delta)
		if e := wireError(t, err); e.Code != wire.ResourceExhausted || e.Details[wire.DetailLimit] != row.limit || string(text) != "in front" {
			t.Errorf("%s: got %v, %v, want limit %s", name, err, e.Details, row.limit)
		}
	}
	d := &wire.Delta{Removed: removed[:1<<16], Added: offersWith(1<<16, nil)}
	text := deltaText(t, d)
	if got, err := wire.DecodeDelta(text); err != nil || deltaText(t, got) != text {
		t.Errorf("as large as it may be: was read otherwise, or %v", err)
	}
}

// TestCatalogTextSharedLocs: many offers that share a large set take few bytes,
// and a reader refuses those whose locs nobody could look at.
func TestCatalogTextSharedLocs(t *testing.T) {
	text := []byte{1, 1, 1, 'f', 1, 0x80, 8} // a set of 1,024 locs
	text = append(text, slices.Repeat([]byte{1}, 1024)...)
	text = append(text, 0, 0x81, 8) // 1,025 functions
	text = append(text, slices.Repeat([]byte{1, 1, 0, 0, 0}, 1025)...)
	text = append(text, 0)
	_, err := wire.DecodeCatalogText(string(text))
	if e := wireError(t, err); e.Code != wire.ResourceExhausted || e.Details[wire.DetailLimit] != "locs_entries" {
		t.Errorf("got %v", err)
	}
}

// TestCatalogTextSize: what is there again costs a byte or two.
func TestCatalogTextSize(t *testing.T) {
	c := one(func(o *wire.Offer) {
		o.Name, o.Locs, o.Signature, o.Doc = "function", []string{"dataset", "gpu"}, "(int) string", "Does it."
	})
	first := len(catalogText(t, c))
	c.Functions = slices.Repeat(c.Functions, 101)
	if more := len(catalogText(t, c)) - first; more != 100*5 {
		t.Errorf("100 more functions take %d bytes", more)
	}
}

// TestCatalogTextRepairs: text that is no UTF-8 is sent as far as it is.
func TestCatalogTextRepairs(t *testing.T) {
	c := one(func(o *wire.Offer) { o.Doc, o.Signature = "a\xffb", "\xc3" })
	got, err := wire.DecodeCatalogText(catalogText(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if o := got.Functions[0]; o.Doc != "a\uFFFDb" || o.Signature != "\uFFFD" {
		t.Errorf("got %+v", o)
	}
}

// TestCatalogTextAllocations: the strings of a catalog are parts of its text, and
// its offers share their locs.
func TestCatalogTextAllocations(t *testing.T) {
	text := catalogText(t, largeCatalog())
	n := testing.AllocsPerRun(100, func() {
		if _, err := wire.DecodeCatalogText(text); err != nil {
			t.Fatal(err)
		}
	})
	const most = 37 // the catalog, its tables, its offers, its resources and 32 sets of locs
	if n > most {
		t.Errorf("%v allocations, want %d", n, most)
	}
}

// TestTextMemoryIsBounded is TestFrameMemoryIsBounded for what is no frame.
func TestTextMemoryIsBounded(t *testing.T) {
	const n, multiple, slack = 60_000, 64, 64 << 10
	count := string([]byte{n&0x7f | 0x80, n>>7&0x7f | 0x80, n >> 14})
	half, fifth := string([]byte{n/2&0x7f | 0x80, n/2>>7&0x7f | 0x80, n / 2 >> 14}), string([]byte{n/5&0x7f | 0x80, n / 5 >> 7})
	catalog := func(text string) error { _, err := wire.DecodeCatalogText(text); return err }
	delta := func(text string) error { _, err := wire.DecodeDelta(text); return err }
	for name, row := range map[string]struct {
		read func(string) error
		text string
	}{
		"strings":      {catalog, "\x01" + half + strings.Repeat("\x01x", n/2)},
		"no strings":   {catalog, "\x01" + half + strings.Repeat("\x00", n)},
		"sets":         {catalog, "\x01\x01\x01x" + half + strings.Repeat("\x01\x01", n/2)},
		"large sets":   {catalog, "\x01\x01\x01x\x01" + count + strings.Repeat("\x01", n)},
		"functions":    {catalog, "\x01\x01\x01x\x00\x00" + fifth + strings.Repeat("\x01\x00\x00\x00\x00", n/5)},
		"removed":      {delta, "\x01\x01\x01x\x00\x00\x00" + half + strings.Repeat("\x01\x00", n/2)},
		"tags":         {catalog, "\x01\x00\x00\x00\x00" + half + strings.Repeat("\x01\x00", n/2)},
		"what is read": {catalog, catalogText(t, &wire.Catalog{Functions: offersWith(n/5, nil)})},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := row.read(row.text)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(multiple*len(row.text)+slack) {
			t.Errorf("%s: %d bytes for a text of %d", name, took, len(row.text))
		} else {
			t.Logf("%s: %.1f times the text, %v", name, float64(took)/float64(len(row.text)), err)
		}
	}
}
