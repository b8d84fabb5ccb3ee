package codec

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPlainNil: slices that are nil, as their writer has them, do not have all of a
// value read a second time, by the library.
func TestPlainNil(t *testing.T) {
	type part struct {
		A []byte
		B []float64
		C []string
	}
	data, err := CBOR{}.Append(nil, part{B: []float64{1}})
	if err != nil {
		t.Fatal(err)
	}
	got := part{A: []byte("old"), C: []string{"old"}}
	if !plainOf(reflect.TypeFor[part]()).decode(data, reflect.ValueOf(&got).Elem()) {
		t.Error("it is left to the library")
	}
	if diff := cmp.Diff(part{B: []float64{1}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
