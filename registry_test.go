package mpreg_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestNames: a name that the wire or a log can't carry is refused with what is
// wrong with it, as a function's and as a loc's.
func TestNames(t *testing.T) {
	fn := func() {}
	for _, row := range []struct{ name, says string }{
		{"", "is empty"},
		{strings.Repeat("x", 257), "longer than 256 characters"},
		{strings.Repeat("ü", 257), "longer than 256 characters"},
		{"a\nb", "control characters"},
		{"a\x00b", "control characters"},
		{"\x1b[31m", "control characters"},
		{"a\x7f", "control characters"},
		{"a\u0085b", "control characters"},
		{"a\xffb", "no UTF-8"},
	} {
		var r mpreg.Registry
		for what, err := range map[string]error{
			"function name": r.Register(row.name, fn),
			"loc":           r.Register("f", fn, "ok", row.name),
		} {
			if err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), what) {
				t.Errorf("%s %q: want %q, got %v", what, row.name, row.says, err)
			}
		}
		if list := r.Functions(); len(list) != 0 {
			t.Errorf("%q: registered all the same: %v", row.name, list)
		}
	}
	for _, name := range []string{"x", "a.b/c d", "größe", "mpregx", "echo2", strings.Repeat("ü", 256)} {
		var r mpreg.Registry
		if err := r.Register(name, fn, name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"echo", "echos", "list_peers", "mpreg.", "mpreg.peers", "mpreg.mine"} {
		var r mpreg.Registry
		if err := r.Register(name, fn); err == nil || !strings.Contains(err.Error(), "every node has") {
			t.Errorf("reserved name %q: %v", name, err)
		}
	}
}

// TestOfferThatCannotBeTold: what others would refuse is not offered, as they would
// refuse all that the node offers with it.
func TestOfferThatCannotBeTold(t *testing.T) {
	locs := make([]string, 1025)
	for i := range locs {
		locs[i] = fmt.Sprintf("loc-%d", i)
	}
	fn := func() {}
	long := strings.Repeat("ü", 1<<20)
	for _, row := range []struct {
		fn   any
		locs []string
		says string // empty: it is registered
	}{
		{fn, locs, "1025 locs are more than 1024"},
		{fn, append([]string{"loc-0"}, locs[:1024]...), ""},
		{mpreg.Func(fn, mpreg.Doc(long+"!")), nil, "doc has 1048577 characters, more than 1048576"},
		{mpreg.Func(fn, mpreg.Doc(long)), nil, ""},
		{mpreg.Func(fn, mpreg.Doc("\xff")), nil, "doc is no UTF-8"},
	} {
		var r mpreg.Registry
		err := r.Register("f", row.fn, row.locs...)
		if row.says == "" && err != nil || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("want %q, got %v", row.says, err)
		}
		if n := len(r.Functions()); (n == 1) != (row.says == "") {
			t.Errorf("%q: %d offers", row.says, n)
		}
	}
	s := testkit.NewServer(t, mpreg.Config{Resources: []string{"kept"}})
	if err := s.SetResources(locs...); err == nil || !strings.Contains(err.Error(), "1025 locs are more than 1024") {
		t.Errorf("SetResources: %v", err)
	}
	if got := s.Resources(); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("resources are %q after an error", got)
	}
}

// TestCatalogThatCannotBeTold: a node has as many functions and locs as others take of it,
// and what is withdrawn makes room.
func TestCatalogThatCannotBeTold(t *testing.T) {
	locs := make([]string, 1024)
	for i := range locs {
		locs[i] = fmt.Sprintf("loc-%d", i)
	}
	for _, row := range []struct {
		most int
		locs []string
		says string
	}{
		{1 << 16, nil, "a node would offer 65537 functions, more than 65536"},
		{1 << 10, locs, "a node's functions would have 1048577 locs, taken together, more than 1048576"},
	} {
		var r mpreg.Registry
		fn := mpreg.Func(func() {})
		for i := range row.most {
			testkit.Must(t, r.Register(fmt.Sprintf("f%d", i), fn, row.locs...))
		}
		if err := r.Register("one", fn, "loc"); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("one more: want %q, got %v", row.says, err)
		}
		if !r.Unregister("f0") {
			t.Error("f0 was not there")
		}
		if err := r.Register("one", fn, "loc"); err != nil {
			t.Errorf("in its place: %v", err)
		}
	}
}

// TestSameOfferTwice: the same name and set of locs twice is an error, in
// whatever order and however often a loc is said; another set is none.
func TestSameOfferTwice(t *testing.T) {
	var r mpreg.Registry
	fn := func() {}
	testkit.Must(t, r.Register("f", fn))
	testkit.Must(t, r.Register("f", fn, "a", "b"))
	testkit.Must(t, r.Register("f", fn, "a"))
	testkit.Must(t, r.Register("g", fn, "a", "b"))
	for _, locs := range [][]string{nil, {"a", "b"}, {"b", "a"}, {"b", "a", "b"}, {"a", "a"}} {
		err := r.Register("f", fn, locs...)
		if err == nil || !strings.Contains(err.Error(), "registered already") || !strings.Contains(err.Error(), `"f"`) {
			t.Errorf("locs %q: %v", locs, err)
		}
	}
	if n := len(r.Functions()); n != 4 {
		t.Errorf("%d offers, want 4", n)
	}
}

// TestFunctionsList: sorted by name and number of locs, with signature and doc,
// and nobody's to change but the registry's.
func TestFunctionsList(t *testing.T) {
	var r mpreg.Registry
	if list := r.Functions(); list == nil || len(list) != 0 {
		t.Errorf("the zero registry lists %#v", list)
	}
	testkit.Must(t, r.Register("z", func() {}))
	testkit.Must(t, r.Register("a", func(x int, y ...string) (bool, error) { return true, nil }, "two", "one"))
	testkit.Must(t, r.Register("a", mpreg.Func(func(m mpreg.Value) error { return nil }, mpreg.Doc("Says nothing."))))
	want := []mpreg.FunctionInfo{
		{Name: "a", Locs: []string{}, Signature: "(any)", Doc: "Says nothing."},
		{Name: "a", Locs: []string{"one", "two"}, Signature: "(int, ...string) bool"},
		{Name: "z", Locs: []string{}, Signature: "()"},
	}
	if diff := cmp.Diff(want, r.Functions()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.Functions()[1].Locs[0] = "changed"
	r.Describe("a")[1].Locs[1] = "changed"
	if diff := cmp.Diff(want, r.Functions()); diff != "" {
		t.Errorf("after its list was changed (-want +got):\n%s", diff)
	}
}

// TestMatch: of the offers that have all the locs the one with the fewest.
func TestMatch(t *testing.T) {
	var r mpreg.Registry
	fns := make(map[string]*mpreg.Function)
	for _, locs := range []string{"gpu,big,eu", "gpu,big", "gpu", "cpu,eu", "cpu"} {
		fns[locs] = mpreg.Func(func() string { return locs })
		testkit.Must(t, r.Register("f", fns[locs], strings.Split(locs, ",")...))
	}
	for _, row := range []struct{ locs, want string }{
		{"gpu", "gpu"},
		{"cpu", "cpu"},
		{"big", "gpu,big"},
		{"big,gpu,big", "gpu,big"},
		{"eu", "cpu,eu"},
		{"eu,gpu", "gpu,big,eu"},
		{"eu,cpu", "cpu,eu"},
		{"gpu,cpu", ""},
		{"mars", ""},
	} {
		got, ok := r.Lookup("f", strings.Split(row.locs, ",")...)
		if ok != (row.want != "") || got != fns[row.want] {
			t.Errorf("%s: want %q", row.locs, row.want)
		}
	}
	if got, ok := r.Lookup("f"); !ok || got != fns["gpu"] && got != fns["cpu"] {
		t.Error("without locs: want an offer with one loc")
	}
	testkit.Must(t, r.Register("f", func() {}))
	if got, _ := r.Lookup("f"); got == fns["gpu"] || got == fns["cpu"] {
		t.Error("without locs: want the offer without locs")
	}
	if _, ok := r.Lookup("g"); ok {
		t.Error("found what nobody registered")
	}
}

func TestUnregister(t *testing.T) {
	var r mpreg.Registry
	fn := func() {}
	if r.Unregister("f") || r.Unregister("f", "a") {
		t.Error("the zero registry had something to withdraw")
	}
	for _, locs := range [][]string{nil, {"a"}, {"a", "b"}} {
		testkit.Must(t, r.Register("f", fn, locs...))
	}
	testkit.Must(t, r.Register("g", fn))
	if r.Unregister("f", "b") {
		t.Error("withdrew a set that nobody registered")
	}
	if !r.Unregister("f", "b", "a") || r.Unregister("f", "a", "b") {
		t.Error("want the exact set withdrawn, and once")
	}
	if _, ok := r.Lookup("f", "a"); !ok {
		t.Error("another set is gone with it")
	}
	if !r.Unregister("f") || r.Unregister("f") {
		t.Error("want all withdrawn, and once")
	}
	if list := r.Functions(); len(list) != 1 || list[0].Name != "g" {
		t.Errorf("left: %v", list)
	}
	testkit.Must(t, r.Register("f", fn, "a"))
}

// TestMatchProperty holds Lookup against a search that a child could do.
func TestMatchProperty(t *testing.T) {
	locs := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), rapid.ID)
	rapid.Check(t, func(t *rapid.T) {
		var r mpreg.Registry
		offers := make(map[*mpreg.Function][]string)
		for _, set := range rapid.SliceOfN(locs, 0, 8).Draw(t, "offers") {
			fn := mpreg.Func(func() {})
			if r.Register("f", fn, set...) == nil {
				offers[fn] = set
			}
		}
		if gone := locs.Draw(t, "unregister"); len(gone) > 0 && r.Unregister("f", gone...) {
			for fn, set := range offers {
				if len(set) == len(gone) && subset(set, gone) {
					delete(offers, fn)
				}
			}
		}
		asked := locs.Draw(t, "asked")
		fewest := -1
		for _, set := range offers {
			if subset(asked, set) && (fewest < 0 || len(set) < fewest) {
				fewest = len(set)
			}
		}
		got, ok := r.Lookup("f", asked...)
		if ok != (fewest >= 0) {
			t.Fatalf("asked for %q of %v: found %v", asked, offers, ok)
		}
		if set := offers[got]; ok && (!subset(asked, set) || len(set) != fewest) {
			t.Fatalf("asked for %q of %v: got %q", asked, offers, set)
		}
	})
}

func subset(a, b []string) bool {
	for _, x := range a {
		if !slices.Contains(b, x) {
			return false
		}
	}
	return true
}

// TestResources: the node's resources count as locs of all its functions, and
// may change while it runs.
func TestResources(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Resources: []string{"gpu", "eu"}})
	testkit.Must(t, s.Register("where", func() string { return "anywhere" }))
	testkit.Must(t, s.Register("where", func() string { return "here" }, "room"))
	c := s.Client()
	where := func(locs ...string) string {
		got, err := mpreg.Call[string](t.Context(), c.With(mpreg.At(locs...)), "where")
		if err != nil && !errors.Is(err, mpreg.NotFound) {
			t.Errorf("at %q: %v", locs, err)
		}
		return got
	}
	for _, row := range []struct {
		locs []string
		want string
	}{
		{nil, "anywhere"}, {[]string{"gpu"}, "anywhere"}, {[]string{"eu", "gpu"}, "anywhere"},
		{[]string{"room"}, "here"}, {[]string{"room", "gpu"}, "here"}, {[]string{"mars"}, ""},
	} {
		if got := where(row.locs...); got != row.want {
			t.Errorf("at %q: got %q, want %q", row.locs, got, row.want)
		}
	}
	testkit.Must(t, s.SetResources("mars", "eu", "mars"))
	if diff := cmp.Diff([]string{"eu", "mars"}, s.Resources()); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	if got := where("mars"); got != "anywhere" {
		t.Errorf("at the new resource: %q", got)
	}
	_, err := c.With(mpreg.At("gpu", "room")).Call(t.Context(), "where")
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != mpreg.NotFound || !strings.Contains(e.Message, `lacks ["gpu"]`) {
		t.Errorf("at the old resource: %v", err)
	}
	if err := s.SetResources("ok", ""); err == nil {
		t.Error("an empty resource was accepted")
	}
	if got := where("mars"); got != "anywhere" {
		t.Errorf("after a SetResources that failed: %q", got)
	}
}

// TestRegistryConcurrent: functions come and go while others are looked up,
// called and listed.
func TestRegistryConcurrent(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("f", func() string { return "stays" }, "stays"))
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			loc := fmt.Sprint("loc", w)
			for range 100 {
				if err := s.Register("f", func() string { return loc }, loc); err != nil {
					t.Error(err)
				}
				for asked, want := range map[string]string{loc: loc, "stays": "stays"} {
					if got, err := mpreg.Call[string](t.Context(), s.Client().With(mpreg.At(asked)), "f"); err != nil || got != want {
						t.Errorf("at %s: got %q, %v", asked, got, err)
					}
				}
				if _, ok := s.Lookup("f", loc); !ok {
					t.Errorf("%s not found", loc)
				}
				for _, info := range s.Functions() {
					if len(info.Locs) != 1 {
						t.Errorf("listed: %v", info)
					}
				}
				if !s.Unregister("f", loc) {
					t.Errorf("%s was not there", loc)
				}
			}
		})
	}
	workers.Wait()
	if list := s.Functions(); len(list) != 1 || list[0].Locs[0] != "stays" {
		t.Errorf("left: %v", list)
	}
}
