package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

func TestDescribe(t *testing.T) {
	type settings struct {
		LR   float64        `json:"lr" jsonschema:"the learning rate"`
		Tags map[string]int `json:"tags,omitempty"`
	}
	url := startNode(t, func(register func(name string, fn any, locs ...string)) {
		train := mpreg.Func(func(string, settings) (bool, error) { return true, nil },
			mpreg.Doc("Trains.\n\nUntil it is good."), mpreg.Idempotent())
		register("train", train, "gpu", "big")
		register("train", func([]byte, ...float64) {})
	})
	want := `train([]uint8, ...float64)
  nodes       node-1
  idempotent  no
  argument 1  string (base64), or null
  argument 2  number, any number of times

train(string, main.settings) bool
  Trains.

  Until it is good.
  locs        big,gpu
  nodes       node-1
  idempotent  yes
  argument 1  string
  argument 2  object, or keyword arguments
    lr        number  the learning rate
    tags      map of integer, or null
  result      boolean
`
	got := execute(t.Context(), "", "describe", "--url", url, "train")
	if diff := cmp.Diff(outcome{exitOK, want, ""}, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("in text (-want +got):\n%s", diff)
	}

	called := execute(t.Context(), "", "call", "--url", url, "-o", "json", "mpreg.describe", "train")
	got = execute(t.Context(), "", "describe", "--url", url, "-o", "json", "train")
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(called.out), "", "  "); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(outcome{exitOK, indented.String(), ""}, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("in JSON (-want +got):\n%s", diff)
	}
}

// TestDescribeReserved: what every node has is described too, even the function
// that describes, whose name is that of the request's command.
func TestDescribeReserved(t *testing.T) {
	url := startNode(t, nil)
	for fun, want := range map[string]string{
		"echo": `echo(any) any
  Returns its argument.
  nodes       every node
  idempotent  yes
  argument 1  any
  result      any
`,
	} {
		got := execute(t.Context(), "", "describe", "--url", url, fun)
		if diff := cmp.Diff(outcome{exitOK, want, ""}, got, cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", fun, diff)
		}
	}
	for _, fun := range []string{"mpreg.describe", "mpreg.peers"} {
		if got := execute(t.Context(), "", "describe", "--url", url, fun); got.status != exitOK || got.err != "" {
			t.Errorf("%s: %+v", fun, got)
		}
	}
}

func TestDescribeUnknown(t *testing.T) {
	url := startNode(t, nil)
	for _, output := range []string{"text", "json"} {
		c := &describeCommand{target: target{URL: url, Output: output}, Fun: "nope"}
		err := c.Run(t.Context(), stdio{})
		var out bytes.Buffer
		report(&out, err)
		if status := exitStatus(t.Context(), err); status != exitFailed || !bytes.Contains(out.Bytes(), []byte("mpreg functions --url "+url+" lists what the cluster offers, with locs")) {
			t.Errorf("as %s: status %d, %s", output, status, out.String())
		}
	}
}

// TestDescriptionOfOtherNodes: fields may be missing, and text have controls.
func TestDescriptionOfOtherNodes(t *testing.T) {
	var list []description
	const answer = `[{"name":"f","signature":"(x)","doc":"Clears.\u001b[2J"},
		{"name":"g","keywords":{"type":"object"},"params":[],"result":{"type":"object","properties":{"a\tb":{"type":"string"}}}},
		{"name":"h","keywords":{"type":"object","properties":{"k":{"type":"string"}}},"params":[true,{"type":"object","required":["k"]}],"variadic":false}]`
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeDescriptions(&out, list, []offering{{offer{Name: "f", Signature: "(x)"}, []string{"n1", "n2"}}}); err != nil {
		t.Fatal(err)
	}
	want := `f(x)
  Clears.\x1b[2J
  nodes       n1,n2
  idempotent  no

g
  idempotent  no
  result      object
    a\tb      string

h
  idempotent  no
  argument 1  any
  argument 2  object, or keyword arguments
    k         string
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
