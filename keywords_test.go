package mpreg_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// Embedded types of TestKeywords.
type (
	Shared struct {
		Seed  int    `json:"seed"`
		Shade string `json:"shade"`
	}
	Secret struct{ Key string }
	Named  struct{ Deep int }
	Label  string
)

type searchOptions struct {
	Shared
	*TrainBase
	Shade   string      `json:"shade"` // hides Shared's
	Limit   int         `json:"limit,omitempty"`
	Raw     mpreg.Value `json:"raw"`
	Nested  *list       `json:"nested"`
	Plain   string
	Private string `json:"-"`
	hidden  string //nolint:unused // it must not be a keyword
}

// TrainBase is embedded by pointer.
type TrainBase struct {
	Rate float64 `json:"rate"`
}

// TestKeywords: keyword arguments fill the last parameter by its JSON names;
// those left out stay zero, and all of it may be left out.
func TestKeywords(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	show := func(o searchOptions) string {
		rate := -1.0
		if o.TrainBase != nil {
			rate = o.Rate
		}
		return fmt.Sprintf("%d %q %q %d %v %v %v %q", o.Seed, o.Shared.Shade, o.Shade, o.Limit, o.Raw, o.Nested != nil, rate, o.Plain)
	}
	for name, fn := range map[string]any{
		"struct":  func(q string, o searchOptions) string { return q + ": " + show(o) },
		"pointer": func(q string, o *searchOptions) string { return q + ": " + show(*o) },
	} {
		testkit.Must(t, s.Register(name, fn))
	}
	for way, c := range bothWays(t, s) {
		for _, row := range []struct {
			kwargs mpreg.Kwargs
			want   string
		}{
			{nil, `q: 0 "" "" 0 null false -1 ""`},
			{mpreg.Kwargs{"limit": 5, "Plain": "p"}, `q: 0 "" "" 5 null false -1 "p"`},
			{mpreg.Kwargs{"seed": 9, "shade": "outer", "rate": 0.5}, `q: 9 "" "outer" 0 null false 0.5 ""`},
			{mpreg.Kwargs{"raw": []any{1.0, "x"}, "nested": map[string]any{"Next": nil}}, `q: 0 "" "" 0 [1.0,"x"] true -1 ""`},
			{mpreg.Kwargs{"raw": codec.Raw(codec.JSON{}, []byte(`{"a":1}`)), "limit": nil}, `q: 0 "" "" 0 {"a":1} false -1 ""`},
		} {
			for _, fn := range []string{"struct", "pointer"} {
				args := []any{"q"}
				if row.kwargs != nil {
					args = append(args, row.kwargs)
				}
				got, err := mpreg.Call[string](t.Context(), c, fn, args...)
				if err != nil || got != row.want {
					t.Errorf("%s: %s %v:\ngot  %s, %v\nwant %s", way, fn, row.kwargs, got, err, row.want)
				}
			}
		}
		got, err := mpreg.Call[string](t.Context(), c, "struct", "q", map[string]any{"limit": 3})
		if want := `q: 0 "" "" 3 null false -1 ""`; err != nil || got != want {
			t.Errorf("%s: by its place: %s, %v", way, got, err)
		}
	}
}

// TestKwargsParameter: all keywords, as an any tree, and never nil.
func TestKwargsParameter(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	testkit.Must(t, s.Register("f", func(k mpreg.Kwargs) string { return fmt.Sprintf("%T%v %v", k["n"], k, k == nil) }))
	for way, c := range bothWays(t, s) {
		for _, row := range []struct {
			args []any
			want string
		}{
			{nil, `<nil>map[] false`},
			{[]any{mpreg.Kwargs{}}, `<nil>map[] false`},
			{[]any{mpreg.Kwargs{"n": 1, "l": []string{"x"}}}, `int64map[l:[x] n:1] false`},
			{[]any{mpreg.Kwargs{"n": codec.Raw(codec.JSON{}, []byte("1.0"))}}, `float64map[n:1] false`},
		} {
			if got, err := mpreg.Call[string](t.Context(), c, "f", row.args...); err != nil || got != row.want {
				t.Errorf("%s: %v: got %s, %v; want %s", way, row.args, got, err, row.want)
			}
		}
	}
}

// TestKeywordsRefused: what is no keyword of the function is an error that says
// which are, and nothing runs.
func TestKeywordsRefused(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	ran := func(o searchOptions) { t.Errorf("ran with %+v", o) }
	type named struct {
		Named  `json:"named"`
		Secret `json:"-"`
		Label
	}
	for name, fn := range map[string]any{
		"options": ran,
		"two":     func(_ string, o searchOptions) { ran(o) },
		"time":    func(time.Time) { t.Error("ran") },
		"ptime":   func(*time.Time) { t.Error("ran") },
		"first":   func(searchOptions, int) { t.Error("ran") },
		"map":     func(map[string]any) { t.Error("ran") },
		"none":    func() { t.Error("ran") },
		"named":   func(named) { t.Error("ran") },
		"unset": func(struct {
			*base // JSON can't set it either: it is not exported
			N     int
		}) {
			t.Error("ran")
		},
	} {
		testkit.Must(t, s.Register(name, fn))
	}
	for way, c := range bothWays(t, s) {
		for _, row := range []struct {
			fn   string
			args []any
			says string
		}{
			{"options", []any{mpreg.Kwargs{"speed": 1}}, `unknown keyword "speed": the keywords are Plain, limit, nested, rate, raw, seed, shade`},
			{"options", []any{mpreg.Kwargs{"Private": "x"}}, `unknown keyword "Private"`},
			{"options", []any{mpreg.Kwargs{"-": "x"}}, `unknown keyword "-"`},
			{"options", []any{mpreg.Kwargs{"hidden": "x"}}, `unknown keyword "hidden"`},
			{"options", []any{mpreg.Kwargs{"Limit": 1}}, `unknown keyword "Limit"`},
			{"options", []any{mpreg.Kwargs{"Shared": nil}}, `unknown keyword "Shared"`},
			{"options", []any{mpreg.Kwargs{"limit": "many"}}, `keyword "limit" does not fit int`},
			{"options", []any{searchOptions{}, mpreg.Kwargs{"limit": 1}}, "both by its place and by keywords"},
			{"two", []any{mpreg.Kwargs{"limit": 1}}, "want 2 arguments, or 1 and keywords for the last, got 0"},
			{"two", []any{"q", searchOptions{}, 1}, "got 3"},
			{"time", []any{mpreg.Kwargs{"wall": 1}}, "takes no keyword"},
			{"time", nil, "want 1 argument, got 0"},
			{"ptime", []any{mpreg.Kwargs{}}, "want 1 argument, got 0"},
			{"first", []any{1, mpreg.Kwargs{"limit": 1}}, "takes no keyword"},
			{"map", []any{mpreg.Kwargs{"a": 1}}, "takes no keyword"},
			{"none", []any{mpreg.Kwargs{"a": 1}}, "takes no keyword"},
			{"unset", []any{mpreg.Kwargs{"ID": "x"}}, `unknown keyword "ID": the keywords are N`},
			{"named", []any{mpreg.Kwargs{"Key": "stolen"}}, `unknown keyword "Key"`},
			{"named", []any{mpreg.Kwargs{"Deep": 1}}, `unknown keyword "Deep": the keywords are Label, named`},
		} {
			_, err := c.Call(t.Context(), row.fn, row.args...)
			var e *mpreg.Error
			if !errors.As(err, &e) || e.Code != mpreg.InvalidArgument || e.Executed != mpreg.ExecutedNo {
				t.Errorf("%s: %s%v: %v", way, row.fn, row.args, err)
				continue
			}
			if !strings.Contains(e.Message, row.says) {
				t.Errorf("%s: %s%v: want %q in %q", way, row.fn, row.args, row.says, e.Message)
			}
		}
		_, err := c.Call(t.Context(), "options", mpreg.Kwargs{"speed": 1})
		if e := new(mpreg.Error); !errors.As(err, &e) || e.Details["keyword"] != "speed" {
			t.Errorf("%s: details of %v", way, err)
		}
	}
}

// TestKeywordsOnTheWire: no kwargs, null and {} are the same.
func TestKeywordsOnTheWire(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.RegisterFunctions(t, &s.Registry)
	testkit.Must(t, s.Register("opt", func(o struct {
		base
		N int
	}) int {
		return o.N + len(o.ID)
	}))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	for _, row := range []struct{ cmd, want string }{
		{`"fun":"opt"`, `0`},
		{`"fun":"opt","args":[]`, `0`},
		{`"fun":"opt","args":null,"kwargs":null`, `0`},
		{`"fun":"opt","args":[],"kwargs":{}`, `0`},
		{`"fun":"opt","args":[null]`, `0`},
		{`"fun":"opt","args":[{"N":3}],"kwargs":{}`, `3`},
		{`"fun":"opt","kwargs":{"N":4}`, `4`},
		{`"fun":"opt","kwargs":{"ID":"12","N":4}`, `6`},
	} {
		if got := ws.Results(testkit.Request(`{"name":"a",` + row.cmd + `}`)); got != `{"a":`+row.want+`}` {
			t.Errorf("%s: got %s", row.cmd, got)
		}
	}
}
