package mpreg_test

import (
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestSignaturesRefused: Register says which part of a signature can't be
// called from elsewhere, and why.
func TestSignaturesRefused(t *testing.T) {
	type holds struct {
		Fine int
		Deep []map[string]struct{ C chan int }
	}
	type badTag struct {
		X int `json:"x" validate:"nosuchrule"`
	}
	type badParam struct {
		X int `json:"x" validate:"gt=much"`
	}
	for name, row := range map[string]struct {
		fn   any
		says []string
	}{
		"nil":                      {nil, []string{"want a function", "nil"}},
		"no function":              {42, []string{"want a function", "int"}},
		"a pointer to a function":  {new(func()), []string{"want a function", "*func()"}},
		"a nil function":           {(func())(nil), []string{"the function is nil"}},
		"a nil Function":           {(*mpreg.Function)(nil), []string{"nil"}},
		"an empty Function":        {&mpreg.Function{}, []string{"Func"}},
		"a channel":                {func(chan int) {}, []string{"parameter 0", "chan int"}},
		"a function":               {func(int, func()) {}, []string{"parameter 1", "func()"}},
		"a complex number":         {func(complex128) {}, []string{"parameter 0", "complex128"}},
		"an unsafe pointer":        {reflect.Value.UnsafePointer, []string{"result", "unsafe.Pointer"}},
		"a uintptr":                {func(uintptr) {}, []string{"parameter 0", "uintptr"}},
		"a context that is second": {func(int, context.Context) {}, []string{"parameter 1", "context.Context"}},
		"an interface":             {func(io.Reader) {}, []string{"parameter 0", "io.Reader", "any or mpreg.Value"}},
		"an interface in a struct": {func(struct{ R io.Reader }) {}, []string{"field R", "io.Reader"}},
		"an error":                 {func(error) {}, []string{"parameter 0", "error"}},
		"variadic of channels":     {func(...chan int) {}, []string{"parameter 0", "chan int"}},
		"a map with struct keys":   {func(map[struct{ X int }]int) {}, []string{"parameter 0", "keys must be strings or integers"}},
		"a map with float keys":    {func(map[float64]int) {}, []string{"keys must be strings or integers"}},
		"a channel deep in":        {func(*holds) {}, []string{"field Deep", "field C", "chan int"}},
		"two results":              {func() (int, string) { return 0, "" }, []string{"has 2 results", "return a struct"}},
		"three results":            {func() (int, string, error) { return 0, "", nil }, []string{"has 2 results"}},
		"an error before a result": {func() (error, int) { return nil, 0 }, []string{"has 2 results"}}, //nolint:staticcheck // it is refused
		"a channel as a result":    {func() <-chan int { return nil }, []string{"result", "chan int"}},
		"a function as a result":   {func() func() { return nil }, []string{"result", "func()"}},
		"a complex result":         {func() []complex64 { return nil }, []string{"result", "complex64"}},
		"a map of structs by ...":  {func() map[struct{}]int { return nil }, []string{"result", "keys must be strings"}},
		"a channel of results":     {func() chan int { return nil }, []string{"result", "chan int", "iter.Seq2[T, error]"}},
		"a sequence":               {func() iter.Seq[int] { return nil }, []string{"result", "iter.Seq[int]", "return an iter.Seq2[T, error]"}},
		"pairs without an error":   {func() iter.Seq2[int, string] { return nil }, []string{"iter.Seq2[int,string]", "second", "must be an error"}},
		"pairs, the error first":   {func() iter.Seq2[error, int] { return nil }, []string{"iter.Seq2[error,int]", "second", "must be an error"}},
		"a concrete error in it":   {func() iter.Seq2[int, *mpreg.Error] { return nil }, []string{"second", "must be an error"}},
		"a yield of its own bool":  {func() func(func(int, error) answered) { return nil }, []string{"result", "answered"}},
		"a stream of channels":     {func() iter.Seq2[chan int, error] { return nil }, []string{"result", "chan int"}},
		"a stream of errors":       {func() iter.Seq2[error, error] { return nil }, []string{"declare it as error"}},
		"a stream of streams":      {func() iter.Seq2[iter.Seq2[int, error], error] { return nil }, []string{"the function's result itself"}},
		"a stream in a struct":     {func() (s struct{ S iter.Seq2[int, error] }) { return s }, []string{"field S", "the function's result itself"}},
		"a stream and a result":    {func() (iter.Seq2[int, error], int, error) { return nil, 0, nil }, []string{"has 2 results"}},
		"a stream as a parameter":  {func(iter.Seq2[int, error]) {}, []string{"parameter 0", "iter.Seq2[int,error]"}},
		"a rule that is unknown":   {func(badTag) {}, []string{"parameter 0", "nosuchrule", "badTag"}},
		"a bad rule by pointer":    {func(int, *badTag) {}, []string{"parameter 1", "nosuchrule"}},
		"bad rules in a list":      {func([]badTag) {}, []string{"parameter 0", "nosuchrule"}},
		"bad rules in variadics":   {func(...badTag) {}, []string{"parameter 0", "nosuchrule"}},
		"a rule with a bad bound":  {func(badParam) {}, []string{"parameter 0", "badParam"}},
	} {
		t.Run(name, func(t *testing.T) {
			var r mpreg.Registry
			err := r.Register("wrong", row.fn)
			if err == nil {
				t.Fatal("registered")
			}
			for _, says := range append(row.says, `mpreg: registering "wrong": `) {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("want %q in %q", says, err)
				}
			}
			if _, ok := r.Lookup("wrong"); ok {
				t.Error("registered all the same")
			}
		})
	}
}

// answered is what a range loop would take for a bool, and nobody returns.
type answered bool

// Types of TestSignaturesAccepted that need methods, or themselves.
type (
	list    struct{ Next *list }
	forest  []forest
	index   map[string]index
	textKey struct{ s string }
	base    struct{ ID string }
	names   iter.Seq2[*string, error]
	mood    func(func(int, error) bool) // that has its own way of being sent

	trainOptions struct {
		LR     float64 `json:"lr"`
		Epochs int     `json:"epochs"`
	}
)

func (m mood) MarshalJSON() ([]byte, error) { return []byte(`"fine"`), nil }

func (k textKey) MarshalText() ([]byte, error) { return []byte(k.s), nil }

func (k *textKey) UnmarshalText(data []byte) error { k.s = string(data); return nil }

var _ encoding.TextMarshaler = textKey{}

// TestSignaturesAccepted registers what can be called from elsewhere, and
// describes it: nothing of a type that is legal may trip over itself.
func TestSignaturesAccepted(t *testing.T) {
	type text string
	type rules struct {
		Forest forest `validate:"max=3"`
		Index  index
		List   *list
	}
	for signature, fn := range map[string]any{
		"()":                                func() {},
		"() int":                            func() int { return 0 },
		"() string":                         func(context.Context) (string, error) { return "", nil },
		"(int, string)":                     func(context.Context, int, string) error { return nil },
		"(...int)":                          func(...int) {},
		"(string, ...any) bool":             func(string, ...mpreg.Value) (b bool) { return b },
		"(*any, [2]any) map[string][]any":   func(v *mpreg.Value, _ [2]mpreg.Value) (m map[string][]mpreg.Value) { return m },
		"(any) any":                         func(v any) any { return v },
		"(*int) *string":                    func(*int) *string { return nil },
		"([]uint8, json.RawMessage)":        func([]byte, json.RawMessage) {},
		"(time.Time) time.Duration":         func(time.Time) time.Duration { return 0 },
		"(*big.Int) *big.Int":               func(x *big.Int) *big.Int { return x },
		"(mpreg_test.text) mpreg_test.text": func(x text) text { return x },
		"(map[int]string) map[string]bool":  func(map[int]string) map[string]bool { return nil },
		"(map[netip.Addr]int)":              func(map[netip.Addr]int) {},
		"(map[mpreg_test.textKey]int)":      func(map[textKey]int) {},
		"([3]int) [][]float32":              func([3]int) [][]float32 { return nil },
		"(struct { X int; hidden chan int })": func(struct {
			X      int
			hidden chan int
		}) {
		},
		"(struct { mpreg_test.base; N int })": func(struct {
			base
			N int
		}) {
		},
		"(struct { C chan int \"json:\\\"-\\\"\" })": func(struct {
			C chan int `json:"-"`
		}) {
		},
		"(*mpreg_test.list) *mpreg_test.list":          func(l *list) *list { return l },
		"(mpreg_test.forest) mpreg_test.forest":        func(f forest) forest { return f },
		"(mpreg_test.index) mpreg_test.index":          func(i index) index { return i },
		"(mpreg_test.rules)":                           func(rules) {},
		"(mpreg.Kwargs)":                               func(mpreg.Kwargs) {},
		"() stream of int":                             func() iter.Seq2[int, error] { return nil },
		"(string) stream of mpreg_test.base":           func(context.Context, string) (iter.Seq2[base, error], error) { return nil, nil },
		"(...int) stream of *string":                   func(...int) names { return nil },
		"() stream of bool":                            func() func(func(bool, error) bool) { return nil },
		"() stream of any":                             func() iter.Seq2[any, error] { return nil },
		"() []mpreg_test.mood":                         func() []mood { return nil },
		"(int, *mpreg_test.trainOptions) fmt.Stringer": func(int, *trainOptions) fmt.Stringer { return nil },
	} {
		t.Run(signature, func(t *testing.T) {
			var r mpreg.Registry
			testkit.Must(t, r.Register("right", fn))
			fn, _ := r.Lookup("right")
			if got := fn.String(); got != signature {
				t.Errorf("signature: got %s", got)
			}
			if d := r.Describe("right"); len(d) != 1 || d[0].Signature != signature || !json.Valid(d[0].Result) {
				t.Errorf("described as %+v", d)
			}
		})
	}
}
