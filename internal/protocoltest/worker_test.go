package protocoltest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestWorkerCall: a worker gets a call as its caller made it, and the caller what
// the worker answers, to the byte.
func TestWorkerCall(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f","locs":["gpu","v2"],"doc":"Weighs."}`)
	c := testkit.Connect(t, s.URL()).With(mpreg.At("gpu"), mpreg.Header("tenant", "blue"))
	result := testkit.Later(func() (mpreg.Value, error) {
		return c.Call(t.Context(), "f", 1, []any{1.5, nil}, mpreg.Kwargs{"lr": 0.5})
	})
	j := w.job()
	want := `{"role":"internal-rpc","u":"w1","command":"f","args":[1,[1.5,null]],"kwargs":{"lr":0.5},"results":{},"locs":["gpu"],"headers":{"tenant":"blue"}}`
	if j.text != want {
		t.Errorf(" got %s\nwant %s", j.text, want)
	}
	w.done(j, `[1.0, 9007199254740993,18446744073709551615]`)
	got := testkit.Within(t, "the result", result)
	if got.Err != nil || string(got.Value.Bytes()) != `[1.0, 9007199254740993,18446744073709551615]` {
		t.Errorf("got %s, %v", got.Value.Bytes(), got.Err)
	}
}

// TestWorkerCallFromJSON: a worker is a client too, on one websocket, of its own
// functions and of others; answers come as the HELLO came.
func TestWorkerCallFromJSON(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"double"}`)
	w.Send(`{"role":"rpc","u":"w1","cmds":[{"name":"a","fun":"echo","args":[4]},{"name":"b","fun":"double","args":["a"]},{"name":"c","fun":"echos","args":["b","b"]}]}`)
	j := w.job()
	if string(j.Args[0]) != "4" || j.U != "w1" {
		t.Errorf("got %s", j.text)
	}
	w.done(j, `8`)
	if got, want := w.Next(), `{"role":"rpc-response","u":"w1","r":{"c":[8,8]},"error":null}`; got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}

	testkit.Must(t, w.WriteMessage(websocket.BinaryMessage, []byte(`{"role":"server","u":"b","server":{"what":"STATUS"}}`)))
	kind, data, err := w.ReadMessage()
	if want := `{"role":"server-response","u":"b","r":"STATUS","error":null}`; kind != websocket.BinaryMessage || string(data) != want || err != nil {
		t.Errorf("a notice in a binary message: %d %s, %v", kind, data, err)
	}
}

// TestWorkerIsListed: its functions are the node's own to the rest of the world.
func TestWorkerIsListed(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("f", func() {}))
	w := hire(t, s, `{"fun":"f","locs":["v2","gpu","v2"],"idempotent":true,"doc":"Weighs."}`)
	c := testkit.Connect(t, s.URL())
	described, err := mpreg.Call[[]mpreg.Description](t.Context(), c, "mpreg.describe", "f")
	testkit.Must(t, err)
	if len(described) != 2 {
		t.Fatalf("got %+v", described)
	}
	d := described[1]
	want := mpreg.FunctionInfo{Name: "f", Locs: []string{"gpu", "v2"}, Signature: "(...any) any", Doc: "Weighs."}
	if diff := cmp.Diff(want, d.FunctionInfo); diff != "" || !d.Idempotent || !d.Variadic || len(d.Params) != 1 {
		t.Errorf("%+v (-want +got):\n%s", d, diff)
	}
	listed, err := mpreg.Call[any](t.Context(), c, "mpreg.functions")
	testkit.Must(t, err)
	if !strings.Contains(fmt.Sprint(listed), "Weighs.") {
		t.Errorf("mpreg.functions has %v", listed)
	}
	testkit.Must(t, w.Close())
	testkit.Eventually(t, "the worker's function is gone", func() bool { return len(s.Functions()) == 1 })
}

// TestWorkerHellosAdd: also in the older form; what is offered again is not there
// twice, and may promise something else.
func TestWorkerHellosAdd(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f"},{"fun":"f","locs":["a"]},{"fun":"f"}`)
	w.says(`{"what":"HELLO","cluster_id":"default-cluster","funs":["f","g"],"locs":["a"],"advertised_urls":["ws://127.0.0.1:1"]}`,
		`{"role":"server-response","u":"h","r":"ADDED","error":null}`)
	w.hello(``)
	w.hello(`{"fun":"g","locs":["a"],"idempotent":true,"doc":"new"}`)
	if diff := cmp.Diff([]string{"f[]", "f[a]", "g[a]"}, offersOf(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f, ok := s.Lookup("g", "a"); !ok || f.String() != "(...any) any" {
		t.Errorf("got %v, %t", f, ok)
	}
	if d := s.Describe("g"); len(d) != 1 || !d[0].Idempotent || d[0].Doc != "new" {
		t.Errorf("got %+v", d)
	}
	// A promise is one that all keep who are asked.
	other := hire(t, s, `{"fun":"g","locs":["a"]}`)
	if d := s.Describe("g"); len(d) != 1 || d[0].Idempotent || d[0].Doc != "new" {
		t.Errorf("with one who does not promise: %+v", d)
	}
	other.says(`{"what":"GOODBYE"}`, `{"role":"server-response","u":"h","r":"GONE","error":null}`)
	if d := s.Describe("g"); len(d) != 1 || !d[0].Idempotent {
		t.Errorf("without him: %+v", d)
	}
}

// TestWorkerHelloRefused: nothing of a HELLO that is refused is offered, and its
// link lives.
func TestWorkerHelloRefused(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("mine", func() {}, "b", "a"))
	many := make([]string, 1024)
	for i := range many {
		many[i] = fmt.Sprintf("%q", fmt.Sprintf("g%d", i))
	}
	for name, test := range map[string]struct {
		notice string
		code   mpreg.Code
		says   string
		limit  any
	}{
		"of the program": {`{"what":"HELLO","offers":[{"fun":"new"},{"fun":"mine","locs":["a","b","a"]}]}`, mpreg.InvalidRequest, `the function "mine" with the locs ["a" "b"] is the node's own: offer it with other locs`, nil},
		"reserved":       {`{"what":"HELLO","offers":[{"fun":"new"},{"fun":"mpreg.peers"}]}`, mpreg.InvalidRequest, `"mpreg.peers" can't be offered: the name belongs to the functions that every node has`, nil},
		"echo":           {`{"what":"HELLO","funs":["new","echo"]}`, mpreg.InvalidRequest, `"echo" can't be offered`, nil},
		"control":        {`{"what":"HELLO","funs":["new","a\u0007"]}`, mpreg.InvalidRequest, `has control characters`, nil},
		"control in loc": {`{"what":"HELLO","offers":[{"fun":"new","locs":["\u0000"]}]}`, mpreg.InvalidRequest, `has control characters`, nil},
		"no name":        {`{"what":"HELLO","offers":[{"fun":"new"},{}]}`, mpreg.InvalidRequest, `field "server.offers[1].fun" is empty`, nil},
		"nothing":        {`{"what":"HELLO"}`, mpreg.InvalidRequest, `"server.offers" or "server.funs"`, nil},
		"no what":        {`{"funs":["new"]}`, mpreg.InvalidRequest, `field "server.what" must be`, nil},
		"too many":       {`{"what":"HELLO","funs":["new",` + strings.Join(many, ",") + `]}`, mpreg.ResourceExhausted, `more than 1024 entries`, "server.funs_entries"},
		"too many, both": {`{"what":"HELLO","offers":[{"fun":"new"}],"funs":[` + strings.Join(many, ",") + `]}`, mpreg.ResourceExhausted, `there would be 1025 functions of the worker, and the bound offers_per_link is 1024`, "offers_per_link"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newHand(t, s.URL(), websocket.Dialer{})
			w.notice(test.notice)
			a := w.refusal()
			if a.Role != "server-response" || a.U != "h" || a.Error.Code != int(test.code) || !strings.Contains(a.Error.Message, test.says) ||
				a.Error.Details["executed"] != "no" || a.Error.Details["node"] != s.Name() || a.Error.Details["limit"] != test.limit {
				t.Errorf("got %s", a.Text)
			}
			if diff := cmp.Diff([]string{"mine[a b]"}, offersOf(s)); diff != "" {
				t.Errorf("offered (-want +got):\n%s", diff)
			}
			w.Alive()
		})
	}
}

// TestWorkerCatalogBound: what workers offer leaves room in a message of the node's
// catalog, in which others learn of the program's functions too.
func TestWorkerCatalogBound(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{MaxMessageBytes: 4096})
	w := newHand(t, s.URL(), websocket.Dialer{})
	w.notice(`{"what":"HELLO","offers":[{"fun":"f","doc":"` + strings.Repeat("x", 2048) + `"}]}`)
	a := w.refusal()
	if a.Error.Code != int(mpreg.ResourceExhausted) || a.Error.Details["limit"] != "offer_bytes" || a.Error.Details["max"] != 2048.0 || len(s.Functions()) > 0 {
		t.Errorf("got %s", a.Text)
	}
	w.hello(`{"fun":"f","doc":"` + strings.Repeat("x", 2000) + `"}`)
}

// TestWorkerMessageMalformed: who sends garbage is told so, for what can be seen of
// its u.
func TestWorkerMessageMalformed(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := newHand(t, s.URL(), websocket.Dialer{})
	for _, test := range []struct{ message, role, u, says string }{
		{`{"role":"server","u":"1","server":[]}`, "server-response", "1", "must be an object, not a list"},
		{`{"role":"server","server":{"what":"STATUS"}}`, "server-response", "unknown", `field "u" is missing or empty`},
		{`{"role":"server","u":"` + strings.Repeat("x", 129) + `","server":{"what":"STATUS"}}`, "server-response", "unknown", `more than 128 bytes`},
		{`{"role":"server","u":"1",`, "server-response", "1", "malformed JSON"},
		{`{"role":"internal-answer","answer":1}`, "rpc-response", "unknown", `field "u" is missing or empty`},
		{`{"role":"internal-answer","u":"w1","answer":1,`, "rpc-response", "w1", "malformed JSON"},
		{`{"role":"internal-answer","u":"w1","error":7}`, "rpc-response", "w1", `field "error" must be an object`},
		{`{"role":"internal-rpc","u":"w1"}`, "rpc-response", "w1", `unknown role "internal-rpc": known are "rpc", "cancel", `},
	} {
		w.Send(test.message)
		a := w.refusal()
		if a.Role != test.role || a.U != test.u || a.Error.Code < 1004 || !strings.Contains(a.Error.Message, test.says) {
			t.Errorf("%s\ngot %s", test.message, a.Text)
		}
	}
	w.Send(`{"role":"internal-answer","u":"w1","answer":1}`) // to nobody
	w.Alive()
	w.hello(`{"fun":"f"}`)
	w.Send(`{"role":"internal-answer","u":"w1","answer":1}`)
	w.Alive()
	w.working(testkit.Connect(t, s.URL()), "f") // is w1 all the same
}

// TestWorkerOfAnotherCluster: it is told so and let go, with all that it had
// offered before.
func TestWorkerOfAnotherCluster(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{ClusterID: "blue"})
	for name, notice := range map[string]string{
		"another": `{"what":"HELLO","cluster_id":"red","funs":["f"]}`,
		"none":    `{"what":"HELLO","funs":["f"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newHand(t, s.URL(), websocket.Dialer{})
			w.says(`{"what":"HELLO","cluster_id":"blue","funs":["g"]}`, `{"role":"server-response","u":"h","r":"ADDED","error":null}`)
			w.notice(notice)
			a := w.refusal()
			if a.Role != "server-response" || a.Error.Code != int(mpreg.WrongCluster) || !strings.Contains(a.Error.Message, `and this node is of "blue"`) {
				t.Errorf("got %s", a.Text)
			}
			_, _, err := w.ReadMessage()
			if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
				t.Errorf("then %v", err)
			}
			testkit.Eventually(t, "nothing is offered", func() bool { return len(s.Functions()) == 0 })
		})
	}
}

// TestWorkerNeedsNodeIdentity: where callers are told apart, not everybody may run
// what others call.
func TestWorkerNeedsNodeIdentity(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(func(_ context.Context, c mpreg.Credentials) (mpreg.Identity, error) {
		return mpreg.Identity{Name: c.Token, Node: c.Token == "worker"}, nil
	}))
	w := newHand(t, s.URL(), websocket.Dialer{})
	refused := func(code mpreg.Code) {
		t.Helper()
		w.notice(`{"what":"HELLO","funs":["f"]}`)
		if a := w.refusal(); a.Role != "server-response" || a.U != "h" || a.Error.Code != int(code) || len(s.Functions()) > 0 {
			t.Errorf("want the code %d, got %s", code, a.Text)
		}
	}
	refused(mpreg.Unauthenticated)
	for _, token := range []string{"ann", "worker"} {
		w.Send(`{"role":"auth","u":"a","token":"` + token + `"}`)
		if got, want := w.Next(), `{"role":"rpc-response","u":"a","r":{},"error":null}`; got != want {
			t.Fatalf("auth: %s", got)
		}
		if token == "ann" {
			refused(mpreg.PermissionDenied)
		}
	}
	w.hello(`{"fun":"f"}`)
	w.working(testkit.Connect(t, s.URL(), mpreg.WithToken("ann")), "f")
}

// TestWorkerAndRegister: what the program offers and what workers do are apart.
func TestWorkerAndRegister(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f"}`)
	err := s.Register("f", func() {})
	if err == nil || err.Error() != `mpreg: registering "f": a worker offers it already without locs` {
		t.Errorf("got %v", err)
	}
	f, _ := s.Lookup("f")
	if err := s.Register("g", f); err == nil {
		t.Error("a worker's function was registered")
	}
	testkit.Must(t, s.Register("f", func() string { return "the program" }, "here"))
	if !s.Unregister("f") || s.Unregister("f") {
		t.Error("the program has one offer of f to withdraw")
	}
	if diff := cmp.Diff([]string{"f[]"}, offersOf(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.working(s.Client(), "f")
}

// TestWorkerHooks: who guards and watches the node's functions does so with those of
// workers.
func TestWorkerHooks(t *testing.T) {
	var passed atomic.Int64
	watches := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			passed.Add(1)
			return next(ctx, inv)
		}
	}
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(watches),
		mpreg.WithAuthorizer(func(ctx context.Context, inv *mpreg.Invocation) error {
			if len(inv.Args) > 1 {
				return errors.New("one argument is enough")
			}
			return nil
		}))
	w := hire(t, s, `{"fun":"f"}`)
	c := testkit.Connect(t, s.URL())
	_, err := c.Call(t.Context(), "f", 1, 2)
	if e := testkit.AsError(t, err); e.Code != mpreg.PermissionDenied || e.Executed != mpreg.ExecutedNo {
		t.Errorf("got %v", err)
	}
	w.working(c, "f") // and it is the first that comes
	if n := passed.Load(); n != 1 {
		t.Errorf("the interceptor saw %d calls, want the one that was allowed", n)
	}
}

// TestWorkerRanWhateverFollows: that a function ran at its worker is known, and not
// denied by what an interceptor's own failure behind it says of itself.
func TestWorkerRanWhateverFollows(t *testing.T) {
	for said, want := range map[mpreg.Executed]mpreg.Executed{
		mpreg.ExecutedNo:    mpreg.ExecutedYes,
		mpreg.ExecutedMaybe: mpreg.ExecutedMaybe,
		mpreg.ExecutedYes:   mpreg.ExecutedYes,
	} {
		s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
			return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
				if _, err := next(ctx, inv); err != nil {
					return mpreg.Value{}, err
				}
				return mpreg.Value{}, &mpreg.Error{Code: mpreg.Unavailable, Message: "the audit log is down", Executed: said}
			}
		}))
		w := hire(t, s, `{"fun":"f"}`)
		c := testkit.Connect(t, s.URL())
		result := testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
		w.done(w.job(), `1`)
		if e := testkit.AsError(t, testkit.Within(t, "the result", result).Err); e.Code != mpreg.Unavailable || e.Executed != want {
			t.Errorf("it said %q: got %v", said, e)
		}
	}
}
