package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

func TestFailure(t *testing.T) {
	for _, test := range []struct {
		name       string
		err        error
		text, json string
	}{
		{
			"everything known",
			&mpreg.Error{
				Code: mpreg.ResourceExhausted, Message: "too much", Command: "step-2", Function: "train", Node: "n1",
				Executed: mpreg.ExecutedNo, Details: map[string]any{"limit": "message_bytes", "max": 64, "waiting": []string{"a<b"}},
			},
			`error: too much
  code      resource_exhausted (1011)
  command   step-2
  function  train
  node      n1
  executed  no
  limit     message_bytes
  max       64
  waiting   ["a\u003cb"]
`,
			`{"error":{"code":1011,"name":"resource_exhausted","message":"too much","details":{"command":"step-2","executed":"no","function":"train","limit":"message_bytes","max":64,"node":"n1","waiting":["a<b"]}}}` + "\n",
		},
		{
			"the link was lost",
			&mpreg.Error{Code: mpreg.Unavailable, Message: "gone", Function: "echo", Node: "n1"},
			"error: gone\n  code      unavailable (1012)\n  function  echo\n  node      n1\n  executed  maybe\n",
			`{"error":{"code":1012,"name":"unavailable","message":"gone","details":{"executed":"maybe","function":"echo","node":"n1"}}}` + "\n",
		},
		{
			"a panic",
			&mpreg.Error{Code: mpreg.Internal, Message: "panicked", Function: "f", Node: "n1", Executed: mpreg.ExecutedYes},
			"error: panicked\n  code      internal (1002)\n  function  f\n  node      n1\n  executed  yes\n  hint      the log of node n1 has the details\n",
			`{"error":{"code":1002,"name":"internal","message":"panicked","details":{"executed":"yes","function":"f","node":"n1"},"hint":"the log of node n1 has the details"}}` + "\n",
		},
		{
			"no coded error",
			errors.New("odd"),
			"error: odd\n  code      internal (1002)\n  executed  maybe\n",
			`{"error":{"code":1002,"name":"internal","message":"odd","details":{"executed":"maybe"}}}` + "\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for format, want := range map[string]string{"text": test.text, "json": test.json} {
				var out bytes.Buffer
				(&callFailure{err: test.err, target: &target{Output: format}}).write(&out)
				if diff := cmp.Diff(want, out.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", format, diff)
				}
			}
		})
	}
}
