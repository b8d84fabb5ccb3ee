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
			"text that would look like ours, and rule the terminal",
			&mpreg.Error{Code: mpreg.Failed, Message: "\x1b[2Jbad\r\n  executed  no\n\nend\n", Function: "f\ng", Details: map[string]any{"k\x1b": "v\u202e"}},
			"error: \\x1b[2Jbad\n         executed  no\n\n       end\n  code      failed (1003)\n  function  f\n            g\n  executed  maybe\n  k\\x1b     v\\u202e\n",
			`{"error":{"code":1003,"name":"failed","message":"\u001b[2Jbad\r\n  executed  no\n\nend\n","details":{"executed":"maybe","function":"f\ng","k\u001b":"v` + "\u202e" + `"}}}` + "\n",
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

func TestFailureStatus(t *testing.T) {
	const no, yes, maybe = mpreg.ExecutedNo, mpreg.ExecutedYes, mpreg.ExecutedMaybe
	for _, test := range []struct {
		name  string
		err   error
		graph bool
		want  int
	}{
		{"may have run", &mpreg.Error{Code: mpreg.Unavailable, Executed: maybe}, false, exitFailed},
		{"ran", &mpreg.Error{Code: mpreg.Failed, Executed: yes}, false, exitFailed},
		{"no coded error", errors.New("odd"), false, exitFailed},
		{"refused", &mpreg.Error{Code: mpreg.NotFound, Function: "f", Command: "f", Node: "n", Executed: no}, false, exitNotExecuted},
		{"arguments refused by a node", &mpreg.Error{Code: mpreg.InvalidArgument, Node: "n", Executed: no}, false, exitNotExecuted},
		{"refused before it was sent", &mpreg.Error{Code: mpreg.InvalidArgument, Executed: no}, false, exitUsage},
		{"a graph was refused", &mpreg.Error{Code: mpreg.InvalidRequest, Node: "n", Executed: no}, true, exitNotExecuted},
		{"a graph with a cycle was", &mpreg.Error{Code: mpreg.InvalidRequest, Command: "c", Node: "n", Executed: no}, true, exitNotExecuted},
		{"a command of a graph was", &mpreg.Error{Code: mpreg.NotFound, Command: "c", Node: "n", Executed: no}, true, exitFailed},
		{"a command was, as if the graph were wrong", &mpreg.Error{Code: mpreg.InvalidRequest, Command: "c", Function: "f", Node: "n", Executed: no}, true, exitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := &callFailure{err: test.err, target: new(target), graph: test.graph}
			if got := exitStatus(t.Context(), err); got != test.want {
				t.Errorf("status %d, want %d", got, test.want)
			}
		})
	}
}
