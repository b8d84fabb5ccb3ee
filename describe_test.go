package mpreg_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// described is what a caller in any language reads of mpreg.describe.
type described struct {
	Name       string   `json:"name"`
	Locs       []string `json:"locs"`
	Signature  string   `json:"signature"`
	Doc        string   `json:"doc"`
	Idempotent bool     `json:"idempotent"`
	Params     []any    `json:"params"`
	Variadic   bool     `json:"variadic"`
	Keywords   any      `json:"keywords"`
	Result     any      `json:"result"`
}

// jsonText is v as a JSON object, keys sorted.
func jsonText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	testkit.Must(t, err)
	return string(text)
}

// TestDescribe: a caller in any language learns how to call a function.
func TestDescribe(t *testing.T) {
	type settings struct {
		LR    float64           `json:"lr" validate:"gt=0" jsonschema:"the learning rate"`
		Steps int               `json:"steps,omitempty"`
		Tags  map[string]string `json:"tags,omitempty"`
		Skip  string            `json:"-"`
	}
	s := testkit.Serve(t, mpreg.Config{})
	train := mpreg.Func(func(data string, o settings) (bool, error) { return true, nil }, mpreg.Doc("Trains."), mpreg.Idempotent())
	testkit.Must(t, s.Register("train", train, "gpu", "big"))
	testkit.Must(t, s.Register("train", func(mpreg.Value) {}))
	testkit.Must(t, s.Register("sum", func(start int, more ...float64) float64 { return 0 }))
	testkit.Must(t, s.Register("free", func(any, mpreg.Kwargs) any { return nil }))
	testkit.Must(t, s.Register("tree", func(*list) []*list { return nil }))
	testkit.Must(t, s.Register("marshals", func(struct {
		IP netip.Addr
		N  int
	}) netip.Addr {
		return netip.Addr{}
	}))
	testkit.Must(t, s.Register("time", func(time.Time) *string { return nil }))
	describe := func(name string) []described {
		got, err := mpreg.Call[[]described](t.Context(), testkit.Connect(t, s.URL()), "mpreg.describe", name)
		testkit.Must(t, err)
		return got
	}

	got := describe("train")
	if len(got) != 2 || len(got[0].Locs) != 0 || len(got[1].Locs) != 2 {
		t.Fatalf("want the offer with the fewest locs first: %+v", got)
	}
	if d := got[0]; d.Idempotent || jsonText(t, d.Params) != `[true]` || d.Result != nil || d.Keywords != nil || d.Signature != "(any)" {
		t.Errorf("a Value: %+v", d)
	}
	d := got[1]
	if !d.Idempotent || d.Doc != "Trains." || d.Variadic || d.Name != "train" || d.Signature != "(string, mpreg_test.settings) bool" {
		t.Errorf("got %+v", d)
	}
	if len(d.Params) != 2 || jsonText(t, d.Params[0]) != `{"type":"string"}` || jsonText(t, d.Result) != `{"type":"boolean"}` {
		t.Errorf("schemas: %v and %v", d.Params, d.Result)
	}
	keywords, _ := d.Keywords.(map[string]any)
	if keywords["type"] != "object" || keywords["required"] != nil { // each may be left out
		t.Errorf("keywords: %v", d.Keywords)
	}
	properties, _ := keywords["properties"].(map[string]any)
	if len(properties) != 3 || jsonText(t, properties["lr"]) != `{"description":"the learning rate","type":"number"}` ||
		jsonText(t, properties["steps"]) != `{"type":"integer"}` {
		t.Errorf("properties: %v", properties)
	}

	if d := describe("sum")[0]; !d.Variadic || jsonText(t, d.Params) != `[{"type":"integer"},{"type":"number"}]` || d.Keywords != nil {
		t.Errorf("variadic: %+v", d)
	}
	if d := describe("free")[0]; jsonText(t, d.Params[0]) != `true` || jsonText(t, d.Keywords) != `{"type":"object"}` || jsonText(t, d.Result) != `true` {
		t.Errorf("anything: %+v", d)
	}
	if d := describe("tree")[0]; jsonText(t, d.Params) != `[{"properties":{"Next":true},"type":["null","object"]}]` ||
		jsonText(t, d.Keywords) != `{"additionalProperties":false,"properties":{"Next":{"properties":{"Next":true},"type":["null","object"]}},"type":"object"}` {
		t.Errorf("a recursive type: %+v", d)
	}
	if d := describe("time")[0]; jsonText(t, d.Params) != `[{"format":"date-time","type":"string"}]` || d.Keywords != nil ||
		jsonText(t, d.Result) != `{"type":["null","string"]}` {
		t.Errorf("a time: %+v", d)
	}
	if d := describe("marshals")[0]; jsonText(t, d.Params) != `[{"properties":{"IP":{"type":"string"},"N":{"type":"integer"}},"type":"object"}]` ||
		jsonText(t, d.Result) != `{"type":"string"}` {
		t.Errorf("a type that writes itself: %s %s", d.Params, d.Result)
	}
	if d := describe("echos")[0]; !d.Variadic || !d.Idempotent || d.Doc == "" || jsonText(t, d.Params) != `[true]` {
		t.Errorf("a function of the node's own: %+v", d)
	}
	_, err := testkit.Connect(t, s.URL()).Call(t.Context(), "mpreg.describe", "nope")
	if e := new(mpreg.Error); !errors.As(err, &e) || e.Code != mpreg.NotFound {
		t.Errorf("an unknown function: %v", err)
	}
}

// TestFunctionsOverTheWire: what a node lists is what can be called there.
func TestFunctionsOverTheWire(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Name: "n1", ClusterID: "c1", Resources: []string{"gpu"}})
	testkit.Must(t, s.Register("f", func(int) {}, "b", "a"))
	c := testkit.Connect(t, s.URL())
	list, err := mpreg.Call[[]mpreg.FunctionInfo](t.Context(), c, "mpreg.functions")
	testkit.Must(t, err)
	functions := []mpreg.FunctionInfo{{Name: "f", Locs: []string{"a", "b"}, Signature: "(int)"}}
	if diff := cmp.Diff(functions, list); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	for _, name := range []string{"mpreg.peers", "list_peers"} {
		members, err := mpreg.Call[[]mpreg.Member](t.Context(), c, name)
		testkit.Must(t, err)
		want := []mpreg.Member{{
			ID: s.ID(), Name: "n1", State: "alive", URLs: []string{s.URL()}, Resources: []string{"gpu"}, Functions: functions,
		}}
		if len(members) == 1 && members[0].Incarnation > 0 && members[0].Version > 0 && !members[0].Since.IsZero() && members[0].Load != nil {
			m := members[0]
			want[0].Incarnation, want[0].Version, want[0].Since, want[0].Load = m.Incarnation, m.Version, m.Since, m.Load
		}
		if diff := cmp.Diff(want, members); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	status, err := mpreg.Call[mpreg.Status](t.Context(), c, "mpreg.status")
	testkit.Must(t, err)
	if status.Node != "n1" || status.NodeID != s.ID() || status.Cluster != "c1" || status.URL != s.URL() || status.State != "running" ||
		status.Links != 1 || status.InFlight != 1 || status.Functions != 1 || status.Goroutines < 1 || status.UptimeSeconds <= 0 {
		t.Errorf("status: %+v", status)
	}
}
