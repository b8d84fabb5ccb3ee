package mpregtest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestViews: what keeps nodes from agreeing. Node a knows itself and b; c offers
// something; d was killed.
func TestViews(t *testing.T) {
	offers := func(ids ...string) map[string]string {
		known := make(map[string]string)
		for _, id := range ids {
			known[id] = "nothing"
		}
		return known
	}
	gone := map[string]string{"d": "node-3"}
	for name, row := range map[string]struct {
		knows        map[string]string
		partB, partC int
		want         []string
	}{
		"all": {map[string]string{"a": "nothing", "b": "nothing", "c": "something"}, 0, 0, nil},
		"old offer": {offers("a", "b", "c"), 0, 0, []string{
			"node-0 does not know what node-2 offers: it has\n    nothing\n  and offers\n    something",
		}},
		"not all":            {offers("a"), 0, 0, []string{"node-0 does not know node-1", "node-0 does not know node-2"}},
		"not itself":         {offers("b"), 0, 1, []string{"node-0 does not know node-0"}},
		"all of its part":    {offers("a", "b"), 0, 1, nil},
		"all but frozen":     {offers("a", "b"), 0, noPart, nil},
		"alone":              {offers("a"), 1, noPart, nil},
		"of another part":    {offers("a", "b", "c"), 0, 1, []string{"node-0 still takes for alive node-2, which it can't reach"}},
		"of two others":      {offers("a", "b"), 1, 2, []string{"node-0 still takes for alive node-1, which it can't reach"}},
		"frozen":             {offers("a", "b"), noPart, noPart, []string{"node-0 still takes for alive node-1, which is frozen"}},
		"killed":             {offers("a", "d"), 1, 1, []string{"node-0 still takes for alive the node-3 that was stopped or killed"}},
		"not of the cluster": {offers("a", "stranger"), 1, 1, nil},
	} {
		views := []view{
			{name: "node-0", id: "a", members: row.knows},
			{name: "node-1", id: "b", part: row.partB, members: offers("b")},
			{name: "node-2", id: "c", part: row.partC, members: map[string]string{"c": "something"}},
		}
		got := views[0].doubts(views, gone)
		slices.Sort(got)
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
