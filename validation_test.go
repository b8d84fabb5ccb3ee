package mpreg_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// Types of TestValidation.
type (
	item struct {
		Name string `json:"name" validate:"required"`
		Size int    `json:"size" validate:"gte=0,lte=10"`
	}
	order struct {
		Item  item            `json:"item"`
		Spare *item           `json:"spare"`
		More  []item          `json:"more" validate:"max=2,dive"`
		ByID  map[string]item `json:"by_id" validate:"dive"`
		Plain int
	}
)

// TestValidation: validate tags hold wherever an argument has its structs. What
// breaks a rule is named as the caller knows it, and nothing runs.
func TestValidation(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	for name, fn := range map[string]any{
		"struct":   func(item) int { return 1 },
		"pointer":  func(*item) int { return 1 },
		"indirect": func(**item) int { return 1 },
		"second":   func(int, item) int { return 1 },
		"list":     func([]item) int { return 1 },
		"pointers": func([]*item) int { return 1 },
		"array":    func([2]item) int { return 1 },
		"map":      func(map[string]item) int { return 1 },
		"variadic": func(int, ...item) int { return 1 },
		"nested":   func(order) int { return 1 },
		"lists":    func([][]item) int { return 1 },
		"ptr list": func(*[]item) int { return 1 },
		"map list": func(map[string][]*item) int { return 1 },
	} {
		testkit.Must(t, s.Register(name, fn))
	}
	good, bad := item{"x", 5}, item{"", 11}
	both := []any{"name", "size"}
	for way, c := range bothWays(t, s) {
		for _, row := range []struct {
			fn       string
			args     []any
			argument int64
			fields   []any // nil: the call succeeds
			says     string
		}{
			{"struct", []any{good}, 0, nil, ""},
			{"struct", []any{bad}, 0, both, `argument 0 is not valid: name breaks the rule "required"; size breaks the rule "lte=10"`},
			{"struct", []any{mpreg.Kwargs{"name": "x", "size": 11}}, 0, []any{"size"}, `size breaks the rule "lte=10"`},
			{"struct", nil, 0, []any{"name"}, `name breaks the rule "required"`},
			{"pointer", []any{nil}, 0, nil, ""},
			{"pointer", []any{bad}, 0, both, ""},
			{"pointer", []any{mpreg.Kwargs{"size": -1}}, 0, both, `size breaks the rule "gte=0"`},
			{"indirect", []any{good}, 0, nil, ""},
			{"indirect", []any{nil}, 0, nil, ""},
			{"indirect", []any{bad}, 0, both, ""},
			{"second", []any{1, bad}, 1, both, "argument 1 is not valid"},
			{"list", []any{[]item{}}, 0, nil, ""},
			{"list", []any{nil}, 0, nil, ""},
			{"list", []any{[]item{good, bad}}, 0, []any{"[1].name", "[1].size"}, ""},
			{"pointers", []any{[]*item{&good, nil}}, 0, nil, ""},
			{"pointers", []any{[]*item{&good, &bad}}, 0, []any{"[1].name", "[1].size"}, ""},
			{"array", []any{[]item{bad, good}}, 0, []any{"[0].name", "[0].size"}, ""},
			{"map", []any{map[string]item{"k": good}}, 0, nil, ""},
			{"map", []any{map[string]item{"k": bad}}, 0, []any{"[k].name", "[k].size"}, ""},
			{"variadic", []any{1}, 0, nil, ""},
			{"variadic", []any{1, good, bad}, 1, []any{"[1].name", "[1].size"}, ""},
			{"nested", []any{order{Item: good}}, 0, nil, ""},
			{"nested", []any{order{}}, 0, []any{"item.name"}, ""},
			{"nested", []any{mpreg.Kwargs{"item": bad, "Plain": 1}}, 0, []any{"item.name", "item.size"}, ""},
			{"nested", []any{order{Item: good, Spare: &bad}}, 0, []any{"spare.name", "spare.size"}, ""},
			{"nested", []any{order{Item: good, More: []item{good, bad}}}, 0, []any{"more[1].name", "more[1].size"}, ""},
			{"nested", []any{order{Item: good, More: make([]item, 3)}}, 0, []any{"more"}, `more breaks the rule "max=2"`},
			{"nested", []any{order{Item: good, ByID: map[string]item{"k": {"x", 11}}}}, 0, []any{"by_id[k].size"}, ""},
			{"lists", []any{[][]item{{good}, nil}}, 0, nil, ""},
			{"lists", []any{[][]item{{good}, {good, bad}}}, 0, []any{"[1][1].name", "[1][1].size"}, ""},
			{"ptr list", []any{nil}, 0, nil, ""},
			{"ptr list", []any{[]item{bad}}, 0, []any{"[0].name", "[0].size"}, ""},
			{"map list", []any{map[string][]item{"k": {bad}}}, 0, []any{"[k][0].name", "[k][0].size"}, ""},
		} {
			got, err := mpreg.Call[int](t.Context(), c, row.fn, row.args...)
			if row.fields == nil {
				if err != nil || got != 1 {
					t.Errorf("%s: %s%v: %d, %v", way, row.fn, row.args, got, err)
				}
				continue
			}
			var e *mpreg.Error
			if !errors.As(err, &e) || e.Code != mpreg.InvalidArgument || e.Executed != mpreg.ExecutedNo {
				t.Errorf("%s: %s%v: %v", way, row.fn, row.args, err)
				continue
			}
			want := map[string]any{"argument": row.argument, "fields": row.fields}
			if diff := cmp.Diff(want, e.Details); diff != "" {
				t.Errorf("%s: %s%v: details (-want +got):\n%s", way, row.fn, row.args, diff)
			}
			if !strings.Contains(e.Message, row.says) {
				t.Errorf("%s: %s%v: want %q in %q", way, row.fn, row.args, row.says, e.Message)
			}
		}
	}
}

// TestBadRulesAreFound: a rule that validator does not know is an error of
// Register, wherever in the parameter it stands: in a call it would panic.
func TestBadRulesAreFound(t *testing.T) {
	type bad struct {
		X int `validate:"nosuchrule"`
	}
	for name, fn := range map[string]any{
		"by pointer": func(struct{ Inner *bad }) {},
		"in a list":  func(struct{ List []bad }) {},
		"dived into": func(struct {
			List []bad `validate:"dive"`
		}) {
		},
		"in a map":    func(map[string]struct{ Inner *bad }) {},
		"in variadic": func(...struct{ Inner *bad }) {},
		"self":        func(struct{ Next []struct{ Next *bad } }) {},
	} {
		t.Run(name, func(t *testing.T) {
			var r mpreg.Registry
			if err := r.Register("f", fn); err == nil || !strings.Contains(err.Error(), "nosuchrule") {
				t.Errorf("got %v", err)
			}
		})
	}
}
