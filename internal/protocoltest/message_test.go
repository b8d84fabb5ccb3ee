package protocoltest_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

func manyCommands(n int) string {
	cmds := make([]string, n)
	for i := range cmds {
		cmds[i] = fmt.Sprintf(`{"name":"c%d","fun":"echo","args":[1]}`, i)
	}
	return strings.Join(cmds, ",")
}

// badMessage is a message that is answered with an error.
type badMessage struct {
	name, message string
	u             string
	code          mpreg.Code
	says          []string
}

// badTexts are bad as JSON messages: there are no frames like them.
func badTexts() []badMessage {
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	return []badMessage{
		{"malformed JSON", `{"role":"rpc","u":"7","cmds":[{{`, "7", mpreg.InvalidRequest, []string{"malformed JSON at byte"}},
		{"cut off", `{"role":"rpc","u":"7","cmds":[{"name":"a","fu`, "7", mpreg.InvalidRequest, []string{"malformed"}},
		{"no UTF-8", testkit.Request("{\"name\":\"a\",\"fun\":\"echo\",\"args\":[\"\xff\"]}"), "7", mpreg.InvalidRequest, []string{"not valid UTF-8"}},
		{"a name that is too long", testkit.Request(`{"name":"` + strings.Repeat("n", 257) + `","fun":"echo","args":[1]}`), "7", mpreg.ResourceExhausted, []string{`cmds[0].name`, "256"}},
		{"no JSON at all", `hello`, "unknown", mpreg.InvalidRequest, []string{"malformed JSON"}},
		{"an empty message", ``, "unknown", mpreg.InvalidRequest, []string{"malformed"}},
		{"an array for an object", `[]`, "unknown", mpreg.InvalidRequest, []string{"must be an object"}},
		{"an object for a list", `{"role":"rpc","u":"7","cmds":{}}`, "7", mpreg.InvalidRequest, []string{`"cmds"`, "a list"}},
		{"no u", `{"role":"rpc","cmds":[{"name":"a","fun":"echo","args":[1]}]}`, "unknown", mpreg.InvalidRequest, []string{`"u"`}},
		{"a u that is no string", `{"role":"rpc","u":7,"cmds":[{"name":"a","fun":"echo","args":[1]}]}`, "unknown", mpreg.InvalidRequest, []string{`"u"`}},
		{"a u that is too long", `{"role":"rpc","u":"` + strings.Repeat("u", 200) + `","cmds":[{"name":"a","fun":"echo","args":[1]}]}`, "unknown", mpreg.ResourceExhausted, []string{`"u"`, "128"}},
		{"args that are no list", testkit.Request(`{"name":"a","fun":"echo","args":{"x":1}}`), "7", mpreg.InvalidRequest, []string{"args", "a list"}},
		{"a command without a name", testkit.Request(`{"fun":"echo","args":[1]}`), "7", mpreg.InvalidRequest, []string{"cmds[0].name"}},
		{"a command without a function", testkit.Request(`{"name":"a","args":[1]}`), "7", mpreg.InvalidRequest, []string{"cmds[0].fun"}},
		{"nested 100,000 deep", testkit.Request(`{"name":"a","fun":"echo","args":[` + deep + `]}`), "7", mpreg.ResourceExhausted, []string{"nested deeper"}},
		{"an unknown role", `{"role":"king","u":"7"}`, "7", mpreg.InvalidRequest, []string{`unknown role "king"`}},
		{"no role", `{"u":"7"}`, "7", mpreg.InvalidRequest, []string{`no "role"`}},
		{"a negative timeout", `{"role":"rpc","u":"7","timeout_ms":-1,"cmds":[{"name":"a","fun":"echo","args":[1]}]}`, "7", mpreg.InvalidRequest, []string{"timeout_ms"}},
		{"a cancel without u", `{"role":"cancel"}`, "unknown", mpreg.InvalidRequest, []string{`"u"`}},
	}
}

// badRequests are refused by the node that they reach, whatever they come in.
func badRequests() []badMessage {
	return []badMessage{
		{"no commands", testkit.Request(``), "7", mpreg.InvalidRequest, []string{"cmds"}},
		{"10,001 commands", testkit.Request(manyCommands(10_001)), "7", mpreg.ResourceExhausted, []string{"10000"}},
		{"a cycle", testkit.Request(`{"name":"a","fun":"echo","args":["b"]},{"name":"b","fun":"echo","args":["a"]}`), "7", mpreg.InvalidRequest, []string{"circle", `"a"`, `"b"`}},
		{"a cycle of places", explicit(`{"name":"a","fun":"echo","args":[null],"refs":{"/args/0":["b"]}},{"name":"b","fun":"echo","args":[null],"refs":{"/args/0":["a"]}}`), "7", mpreg.InvalidRequest, []string{"circle", `"a"`, `"b"`}},
		{"a duplicate name", testkit.Request(`{"name":"a","fun":"echo","args":[1]},{"name":"a","fun":"echo","args":[2]}`), "7", mpreg.InvalidRequest, []string{`"a"`}},
		{"an explicit self-reference", explicit(`{"name":"a","fun":"echo","args":[null],"refs":{"/args/0":["a"]}}`), "7", mpreg.InvalidRequest, []string{`"a"`, "own result"}},
		{"overlapping places", explicit(`{"name":"a","fun":"echo","args":[1]},{"name":"b","fun":"echo","args":[{"x":1}],"refs":{"/args/0":["a"],"/args/0/x":["a"]}}`), "7", mpreg.InvalidRequest, []string{`"b"`, "/args/0"}},
		{"a place that is not there", explicit(`{"name":"a","fun":"echo","args":[1]},{"name":"b","fun":"echo","args":[1],"refs":{"/args/3":["a"]}}`), "7", mpreg.InvalidRequest, []string{`"b"`, "/args/3"}},
		{"a reference to nobody", explicit(`{"name":"b","fun":"echo","args":[1],"refs":{"/args/0":["a"]}}`), "7", mpreg.InvalidRequest, []string{`"a"`}},
		{"a missing field", explicit(`{"name":"a","fun":"echo","args":[{"x":1}]},{"name":"b","fun":"echo","args":[1],"refs":{"/args/0":["a","y"]}}`), "7", mpreg.InvalidArgument, []string{`"b"`, "y"}},
		{"a result asked for that nobody makes", `{"role":"rpc","u":"7","return":["z"],"cmds":[{"name":"a","fun":"echo","args":[1]}]}`, "7", mpreg.InvalidRequest, []string{`"z"`}},
		{"an unknown function", testkit.Request(`{"name":"a","fun":"nope"}`), "7", mpreg.NotFound, []string{`"nope"`}},
		{"locs that nobody has", testkit.Request(`{"name":"a","fun":"add","args":[1,2],"locs":["gpu"]}`), "7", mpreg.NotFound, []string{`lacks ["gpu"]`}},
		{"another cluster", `{"role":"rpc","u":"7","cluster_id":"theirs","cmds":[{"name":"a","fun":"echo","args":[1]}]}`, "7", mpreg.WrongCluster, []string{`"theirs"`}},
		{"a message over the limit", testkit.Request(`{"name":"a","fun":"echo","args":["` + strings.Repeat("x", 5<<20) + `"]}`), "7", mpreg.ResourceExhausted, []string{"4194304 bytes"}},
	}
}

// badCalls fail at the node that has the function.
func badCalls() []badMessage {
	return []badMessage{
		{"wrong arity", testkit.Request(`{"name":"a","fun":"add","args":[1]}`), "7", mpreg.InvalidArgument, []string{"want 2 arguments, got 1", "(int, int) int"}},
		{"a value that does not fit", testkit.Request(`{"name":"a","fun":"add","args":[1,"two"]}`), "7", mpreg.InvalidArgument, []string{"argument 1", "int"}},
		{"an unknown keyword", testkit.Request(`{"name":"a","fun":"train","args":["d"],"kwargs":{"lr":0.5,"speed":9}}`), "7", mpreg.InvalidArgument, []string{`"speed"`, "epochs, lr"}},
		{"keywords for a function without", testkit.Request(`{"name":"a","fun":"add","args":[1],"kwargs":{"b":2}}`), "7", mpreg.InvalidArgument, []string{"takes no keyword"}},
		{"keywords for a variadic function", testkit.Request(`{"name":"a","fun":"echos","args":[1],"kwargs":{"b":2}}`), "7", mpreg.InvalidArgument, []string{"variadic"}},
		{"a struct by place and by keywords", testkit.Request(`{"name":"a","fun":"train","args":["d",{"lr":0.5}],"kwargs":{"lr":0.5}}`), "7", mpreg.InvalidArgument, []string{"both"}},
		{"failed validation", testkit.Request(`{"name":"a","fun":"train","args":["d"],"kwargs":{"lr":7}}`), "7", mpreg.InvalidArgument, []string{"lr", "lte=1"}},
		{"a result that holds a channel", testkit.Request(`{"name":"a","fun":"chan"}`), "7", mpreg.Internal, []string{"chan int"}},
		{"a result that is NaN", testkit.Request(`{"name":"a","fun":"nan"}`), "7", mpreg.Internal, []string{"NaN"}},
		{"a cyclic result", testkit.Request(`{"name":"a","fun":"cycle"}`), "7", mpreg.Internal, []string{"can't be encoded"}},
		{"a cyclic tree", testkit.Request(`{"name":"a","fun":"loop"}`), "7", mpreg.Internal, []string{"can't be encoded"}},
		{"a handler that panics", testkit.Request(`{"name":"a","fun":"panic"}`), "7", mpreg.Internal, []string{"panicked"}},
		{"a handler that fails", testkit.Request(`{"name":"a","fun":"fail"}`), "7", mpreg.Failed, []string{"boom"}},
		{"a handler with a code of its own", testkit.Request(`{"name":"a","fun":"coded"}`), "7", 2001, []string{"out of paper"}},
	}
}

// TestBadMessages: each bad message gets its coded error with its u, and
// nothing is lost: the next call on the same connection succeeds. It is so over
// JSON and over frames, and one hop away, where the error is the far node's if
// that is who refused.
func TestBadMessages(t *testing.T) {
	near, far := nearAndFar(t)
	for _, e := range socketEntries(near, far) {
		if e.json {
			for _, row := range badTexts() {
				t.Run(e.name+"/"+row.name, func(t *testing.T) { row.check(t, e.ask(t, row.message), e.node, 0) })
			}
		}
		for _, row := range badRequests() {
			if e.cbor && row.name == "a cycle" {
				continue // found by names, which are for values in JSON
			}
			t.Run(e.name+"/"+row.name, func(t *testing.T) { row.check(t, e.ask(t, row.message), e.node, 0) })
		}
		for _, row := range badCalls() {
			if e.cbor && row.name == "a result that is NaN" {
				continue // which CBOR carries
			}
			t.Run(e.name+"/"+row.name, func(t *testing.T) {
				row.check(t, e.ask(t, remote.Replace(row.message)), far, e.hops)
			})
		}
	}
}

// check holds an answer against what it should be, the error of a node that the
// request came to after so many hops.
func (row badMessage) check(t *testing.T, a testkit.Answer, at *mpreg.Server, hops int) {
	t.Helper()
	if a.Error == nil {
		t.Fatalf("succeeded: %s", a.Text)
	}
	if a.Role != "rpc-response" || a.U != row.u || a.Error.Code != int(row.code) {
		t.Errorf("want u %q, code %d, got %.500s", row.u, row.code, a.Text)
	}
	for _, words := range row.says {
		if !strings.Contains(a.Error.Message, words) {
			t.Errorf("want %q in %.500q", words, a.Error.Message)
		}
	}
	for _, leak := range []string{"goroutine ", ".go", "runtime.", "wire."} {
		if strings.Contains(a.Text, leak) {
			t.Errorf("the answer tells of its insides (%q): %.500s", leak, a.Text)
		}
	}
	if a.Error.Details["executed"] == nil || a.Error.Details["node"] != at.Name() || hopOf(a.Error.Details) != int64(hops) {
		t.Errorf("want node %q, hop %d, got the details %v", at.Name(), hops, a.Error.Details)
	}
}

// badCall is a call by a Go caller that fails, and where it does.
type badCall struct {
	name     string
	fn       string
	args     []any
	code     mpreg.Code
	executed mpreg.Executed
	where    where
}

type where uint8

const (
	atCaller   where = iota // before anything is sent
	atNode                  // that the caller reaches
	atFunction              // at the node that has it
)

func goBadCalls() []badCall {
	return []badCall{
		{"wrong arity", "add", []any{1}, mpreg.InvalidArgument, mpreg.ExecutedNo, atFunction},
		{"a value that does not fit", "add", []any{1, "two"}, mpreg.InvalidArgument, mpreg.ExecutedNo, atFunction},
		{"a fraction for an integer", "add", []any{1, 1.5}, mpreg.InvalidArgument, mpreg.ExecutedNo, atFunction},
		{"an unknown keyword", "train", []any{"d", mpreg.Kwargs{"speed": 9}}, mpreg.InvalidArgument, mpreg.ExecutedNo, atFunction},
		{"failed validation", "train", []any{"d", mpreg.Kwargs{"lr": 7}}, mpreg.InvalidArgument, mpreg.ExecutedNo, atFunction},
		{"an argument that can't be encoded", "any", []any{make(chan int)}, mpreg.InvalidArgument, mpreg.ExecutedNo, atCaller},
		{"a cyclic argument", "any", []any{testkit.NewCycle()}, mpreg.InvalidArgument, mpreg.ExecutedNo, atCaller},
		{"a result that holds a channel", "chan", nil, mpreg.Internal, mpreg.ExecutedYes, atFunction},
		{"a cyclic result", "cycle", nil, mpreg.Internal, mpreg.ExecutedYes, atFunction},
		{"a cyclic tree", "loop", nil, mpreg.Internal, mpreg.ExecutedYes, atFunction},
		{"a handler that panics", "panic", nil, mpreg.Internal, mpreg.ExecutedYes, atFunction},
		{"a handler that fails", "fail", nil, mpreg.Failed, mpreg.ExecutedYes, atFunction},
		{"a handler with a code of its own", "coded", nil, 2001, mpreg.ExecutedYes, atFunction},
		{"an unknown function", "nope", nil, mpreg.NotFound, mpreg.ExecutedNo, atNode},
	}
}

// TestBadCalls has the rows that Go callers meet, on every way to a function.
func TestBadCalls(t *testing.T) {
	near, far := nearAndFar(t)
	for _, e := range entries(t, near, far) {
		for _, row := range goBadCalls() {
			t.Run(e.name+"/"+row.name, func(t *testing.T) { row.check(t, e, far) })
		}
		if e.cbor {
			t.Run(e.name+"/NaN is none", func(t *testing.T) {
				if got, err := mpreg.Call[float64](t.Context(), e.client, "nan"); err != nil || !math.IsNaN(got) {
					t.Errorf("got %v, %v", got, err)
				}
			})
		}
	}
}

func (row badCall) check(t *testing.T, e entry, far *mpreg.Server) {
	t.Helper()
	_, err := e.client.Call(t.Context(), row.fn, row.args...)
	failure := testkit.AsError(t, err)
	if !errors.Is(err, row.code) || failure.Executed != row.executed {
		t.Fatalf("want %v, executed: %v, got %v", row.code, row.executed, err)
	}
	if failure.Function != row.fn || failure.Command != row.fn && row.where != atCaller {
		t.Errorf("the error does not say what failed: %#v", failure)
	}
	node, hop := "", 0
	switch row.where {
	case atCaller:
	case atNode:
		node = e.node.Name()
	case atFunction:
		node, hop = far.Name(), e.hops
	}
	if failure.Node != node || hopOf(failure.Details) != int64(hop) {
		t.Errorf("want node %q, hop %d, got %#v", node, hop, failure)
	}
	if got, err := mpreg.Call[int](t.Context(), e.client, "add", 1, 2); err != nil || got != 3 {
		t.Errorf("after it: %v, %v", got, err)
	}
}
