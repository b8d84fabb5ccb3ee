package protocoltest_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestNumbersKeepTheirBytes: what a function takes and returns as a Value is the
// same bytes, white space included, on whatever way. What was converted to CBOR
// before it was sent comes back as that says it in JSON.
func TestNumbersKeepTheirBytes(t *testing.T) {
	near, far := nearAndFar(t)
	const (
		numbers = `[1, 1.0, 9007199254740993, 18446744073709551615]`
		compact = `[1,1.0,9007199254740993,18446744073709551615]`

		namesMode = "" // it is for values in JSON
	)
	rows := []struct{ message, want, cbor string }{
		{testkit.Request(`{"name":"a","fun":"echo","args":[` + numbers + `]}`), `{"a":` + numbers + `}`, `{"a":` + compact + `}`},
		{testkit.Request(`{"name":"a","fun":"echos","args":` + numbers + `}`), `{"a":` + compact + `}`, `{"a":` + compact + `}`},
		{testkit.Request(`{"name":"a","fun":"echo","args":[` + numbers + `]},{"name":"b","fun":"echo","args":["a"]}`), `{"b":` + numbers + `}`, namesMode},
		{testkit.Request(`{"name":"a","fun":"echo","args":[` + numbers + `]},{"name":"b","fun":"echo","args":[{"x": "a.1"}]}`), `{"b":{"x": 1.0}}`, namesMode},
		{explicit(`{"name":"a","fun":"echo","args":[` + numbers + `]},{"name":"b","fun":"echo","args":[null],"refs":{"/args/0":["a"]}}`), `{"b":` + numbers + `}`, `{"b":` + compact + `}`},
		{explicit(`{"name":"a","fun":"echo","args":[` + numbers + `]},{"name":"b","fun":"echo","args":[{"x": 7}],"refs":{"/args/0/x":["a","1"]}}`), `{"b":{"x": 1.0}}`, `{"b":{"x":1.0}}`},
		{testkit.Request(`{"name":"a","fun":"any","args":[` + numbers + `]}`), `{"a":` + compact + `}`, `{"a":` + compact + `}`},
		{testkit.Request(`{"name":"a","fun":"echo","args":["<&> ü \u00e9"]}`), `{"a":"<&> ü \u00e9"}`, `{"a":"<&> ü é"}`},
	}
	for _, e := range socketEntries(near, far) {
		t.Run(e.name, func(t *testing.T) {
			for _, row := range rows {
				want := row.want
				if e.cbor {
					want = row.cbor
				}
				if want == "" {
					continue
				}
				for _, message := range []string{row.message, remote.Replace(row.message)} {
					a := e.ask(t, message)
					var got struct {
						R json.RawMessage `json:"r"`
					}
					testkit.Must(t, json.Unmarshal([]byte(a.Text), &got))
					if string(got.R) != want {
						t.Errorf("%s\ngot  %s\nwant %s", message, a.Text, want)
					}
				}
			}
		})
	}
}

// TestNumbersKeepTheirKind: into any, and back, over JSON and CBOR, here and one
// hop away.
func TestNumbersKeepTheirKind(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	want := []any{int64(1), 1.0, int64(9007199254740993), uint64(18446744073709551615), huge, int64(-5), -0.5}
	near, far := nearAndFar(t)
	seen := make(chan any, 1)
	testkit.Must(t, far.Register("see", func(x any) any { seen <- x; return x }))
	testkit.Eventually(t, "see is known", func() bool {
		_, err := near.Client().Call(t.Context(), "see", 1)
		return err == nil && <-seen != nil
	})
	for _, e := range entries(t, near, far) {
		t.Run(e.name, func(t *testing.T) {
			got, err := mpreg.Call[any](t.Context(), e.client, "see", want)
			testkit.Must(t, err)
			same := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
			if diff := cmp.Diff(any(want), got, same); diff != "" {
				t.Errorf("the caller (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(any(want), testkit.Within(t, "the function saw it", seen), same); diff != "" {
				t.Errorf("the function (-want +got):\n%s", diff)
			}
		})
	}
}
