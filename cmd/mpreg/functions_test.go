package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFunctionsTable(t *testing.T) {
	members := parseMembers(t)
	for i := range 30 {
		members = append(members, member{Name: "n" + strconv.Itoa(10+i), State: "alive", Functions: []offer{
			{Name: "vectors", Signature: "(...float64) []float64"},
			{Name: "a-longer-name", Locs: []string{"l1", "l2"}, Signature: "(map[string]main.settings, ...main.options) (main.result)"},
		}})
	}
	want := `FUNCTION       LOCS     NODES                 SIGNATURE
a-longer-name  l1,l2    n10,n11,n12,n13,+26   (map[string]main.settings, ...mai…
predict        gpu      alpha,beta            (string) float64
train          -        beta                  (string, main.settings) bool
train          big,gpu  alpha                 (string) bool
train          big,gpu  beta                  (string, main.settings) bool
vectors        -        beta,n10,n11,n12,+27  (...float64) []float64
`
	var out, wide bytes.Buffer
	if err := functionsTable(members).write(&out, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := functionsTable(members).write(&wide, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"beta,n10,n11,n12,n13,n14,", ",n38,n39  (...float64) []float64\n", "  (map[string]main.settings, ...main.options) (main.result)\n"} {
		if !strings.Contains(wide.String(), want) {
			t.Errorf("in full there is no %q:\n%s", want, wide.String())
		}
	}
}

// TestFunctions: what a node offers is listed, the functions that every node has
// aside.
func TestFunctions(t *testing.T) {
	url := startNode(t, func(register func(name string, fn any, locs ...string)) {
		register("where", func() string { return "" }, "gpu", "big")
		register("where", func() string { return "" })
		register("add", func(a, b int) int { return a + b })
	})
	want := `FUNCTION  LOCS     NODES   SIGNATURE
add       -        node-1  (int, int) int
where     -        node-1  () string
where     big,gpu  node-1  () string
`
	if diff := cmp.Diff(outcome{exitOK, want, ""}, execute(t.Context(), "", "functions", "--url", url), cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("in text (-want +got):\n%s", diff)
	}
	want = `[
  {
    "name": "add",
    "locs": [],
    "signature": "(int, int) int"
  },
`
	if got := execute(t.Context(), "", "functions", "--url", url, "-o", "json"); got.status != exitOK || !strings.HasPrefix(got.out, want) {
		t.Errorf("in JSON: %+v, want\n%s", got, want)
	}
}
