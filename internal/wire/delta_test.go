package wire_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

// offer reads "name/loc,loc=signature".
func offer(text string) wire.Offer {
	key, signature, _ := strings.Cut(text, "=")
	name, locs, _ := strings.Cut(key, "/")
	o := wire.Offer{Name: name, Signature: signature}
	if locs != "" {
		o.Locs = strings.Split(locs, ",")
	}
	return o
}

func offersOf(text string) (list []wire.Offer) {
	for s := range strings.FieldsSeq(text) {
		list = append(list, offer(s))
	}
	return list
}

func keysOf(text string) (list []wire.OfferKey) {
	for _, o := range offersOf(text) {
		list = append(list, wire.OfferKey{Name: o.Name, Locs: o.Locs})
	}
	return list
}

func TestApply(t *testing.T) {
	for _, row := range []struct{ name, before, removed, added, after string }{
		{"nothing", "f g", "", "", "f g"},
		{"a new one is behind", "g", "", "f h", "g f h"},
		{"one is replaced where it stands", "f=1 g h", "", "f=2", "f=2 g h"},
		{"one goes", "f g h", "g", "", "f h"},
		{"locs tell them apart", "f f/a f/a,b f/b,a", "f/a,b", "f/a=1", "f f/a=1 f/b,a"},
		{"what is not there goes", "f", "g f/a", "", "f"},
		{"removed and added is there", "f=1 g", "f", "f=2", "f=2 g"},
		{"removed and added, and new", "g", "f", "f", "g f"},
		{"added twice, the last one counts", "f=1 g", "", "f=2 f=3 h=1 h=2", "f=3 g h=2"},
		{"there twice, and replaced by one", "f=1 f=2 g", "", "f=3", "f=3 g"},
		{"there twice, and both go", "f=1 f=2 g", "f", "", "g"},
		{"names and locs do not run together", "ab a/b ab/c a/bc", "a/b", "", "ab ab/c a/bc"},
		{"the first", "", "", "f", "f"},
		{"the last", "f", "f", "", ""},
	} {
		c := &wire.Catalog{Resources: []string{"gpu"}, Functions: offersOf(row.before)}
		got := c.Apply(&wire.Delta{Removed: keysOf(row.removed), Added: offersOf(row.added)})
		want := &wire.Catalog{Resources: []string{"gpu"}, Functions: offersOf(row.after)}
		if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func TestApplyResources(t *testing.T) {
	c := &wire.Catalog{Resources: []string{"gpu"}}
	for name, row := range map[string]struct {
		delta wire.Delta
		want  []string
	}{
		"they stay":         {wire.Delta{Resources: []string{"not meant"}}, []string{"gpu"}},
		"they are others":   {wire.Delta{Resources: []string{"a", "b"}, SetsResources: true}, []string{"a", "b"}},
		"there are no more": {wire.Delta{SetsResources: true}, nil},
	} {
		if got := c.Apply(&row.delta).Resources; !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

// offerMap is a catalog without an order.
func offerMap(list []wire.Offer) map[string]wire.Offer {
	m := make(map[string]wire.Offer, len(list))
	for _, o := range list {
		m[fmt.Sprintf("%q %q", o.Name, o.Locs)] = o
	}
	return m
}

// TestApplyIsPure: the change is that of a map, those that stay keep their
// order, and neither the catalog nor the change is another one afterwards.
func TestApplyIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &wire.Catalog{Functions: fewOffers.Draw(t, "before")}
		d := deltas.Draw(t, "delta")
		before, change := catalogText(t, c), deltaText(t, d)
		got := c.Apply(d)

		want := offerMap(c.Functions)
		for _, key := range d.Removed {
			delete(want, fmt.Sprintf("%q %q", key.Name, key.Locs))
		}
		maps.Copy(want, offerMap(d.Added))
		if diff := cmp.Diff(want, offerMap(got.Functions), equal); diff != "" || len(got.Functions) != len(want) {
			t.Fatalf("%d offers of %d (-want +got):\n%s", len(got.Functions), len(want), diff)
		}
		var order []int
		for _, o := range got.Functions {
			if i := slices.IndexFunc(c.Functions, func(old wire.Offer) bool {
				return old.Name == o.Name && slices.Equal(old.Locs, o.Locs)
			}); i >= 0 {
				order = append(order, i)
			}
		}
		if !slices.IsSorted(order) {
			t.Fatalf("the order was %v", order)
		}
		if catalogText(t, c) != before || deltaText(t, d) != change {
			t.Fatal("the catalog or the change was changed")
		}
	})
}

// TestDiff: the difference is what makes the one of the other, by way of a
// text too, and says nothing of what stays.
func TestDiff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &wire.Catalog{Resources: several(t, "resources", names), Functions: fewOffers.Draw(t, "before")}
		next := &wire.Catalog{Resources: several(t, "resources", names), Functions: fewOffers.Draw(t, "after")}
		d, err := wire.DecodeDelta(deltaText(t, c.Diff(next)))
		if err != nil {
			t.Fatal(err)
		}
		got := c.Apply(d)
		if diff := cmp.Diff(offerMap(next.Functions), offerMap(got.Functions), equal); diff != "" || len(got.Functions) != len(next.Functions) {
			t.Fatalf("%d offers of %d (-want +got):\n%s", len(got.Functions), len(next.Functions), diff)
		}
		if !slices.Equal(got.Resources, next.Resources) {
			t.Fatalf("resources %q, want %q", got.Resources, next.Resources)
		}
		before, after := offerMap(c.Functions), offerMap(next.Functions)
		for key, o := range offerMap(d.Added) {
			if old, there := before[key]; there && cmp.Equal(old, o, equal) {
				t.Fatalf("%s is added, and was there", key)
			}
		}
		for _, key := range d.Removed {
			if _, stays := after[fmt.Sprintf("%q %q", key.Name, key.Locs)]; stays {
				t.Fatalf("%q is removed, and stays", key)
			}
		}
		if same := c.Diff(c); len(same.Added)+len(same.Removed) > 0 || same.SetsResources {
			t.Fatalf("the difference from itself: %+v", same)
		}
	})
}
