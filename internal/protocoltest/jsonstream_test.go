package protocoltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// itemMessage is an item of a stream as anybody reads it.
type itemMessage struct {
	Role, U, Name string
	N             int
	Item          any
}

// streaming serves a function count(n) that yields 1 to n and notes in yielded how
// far it got, fail, which fails after two items, and add.
func streaming(t *testing.T, yielded *atomic.Int64) *mpreg.Server {
	s := testkit.Serve(t, mpreg.Config{Name: "n1"})
	testkit.Must(t, s.Register("count", func(ctx context.Context, n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := 1; i <= n; i++ {
				yielded.Store(int64(i))
				if !yield(i, nil) {
					yielded.Store(-1)
					return
				}
			}
		}
	}))
	testkit.Must(t, s.Register("fail", func() iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			_ = yield("a", nil) && yield("b", nil) && yield("", errors.New("no more"))
		}
	}))
	testkit.Must(t, s.Register("add", func(a, b int) int { return a + b }))
	return s
}

// said returns what a node answers, until the response: each message as it is.
func said(s *testkit.Socket, message string) []string {
	s.T.Helper()
	s.Send(message)
	var list []string
	for {
		a := s.Receive()
		list = append(list, a.Text)
		if a.Role == "rpc-response" {
			return list
		}
	}
}

// TestJSONStreams: the items of a stream come before its response, over JSON too.
func TestJSONStreams(t *testing.T) {
	var yielded atomic.Int64
	ws := testkit.Dial(t, streaming(t, &yielded).URL(), websocket.Dialer{})
	for _, row := range []struct {
		name, message string
		want          []string
	}{
		{
			"a stream", `{"role":"rpc","u":"2","stream":true,"cmds":[{"name":"count","fun":"count","args":[3]}]}`,
			[]string{
				`{"role":"rpc-item","u":"2","name":"count","n":0,"item":1}`,
				`{"role":"rpc-item","u":"2","name":"count","n":1,"item":2}`,
				`{"role":"rpc-item","u":"2","name":"count","n":2,"item":3}`,
				`{"role":"rpc-response","u":"2","r":{"count":null},"error":null,"items":3}`,
			},
		},
		{
			"no items", `{"role":"rpc","u":"2","stream":true,"cmds":[{"name":"c","fun":"count","args":[0]}]}`,
			[]string{`{"role":"rpc-response","u":"2","r":{"c":null},"error":null,"items":0}`},
		},
		{
			"what is no stream is one item", `{"role":"rpc","u":"2","stream":true,"cmds":[{"name":"a","fun":"add","args":[1,2]}]}`,
			[]string{
				`{"role":"rpc-item","u":"2","name":"a","n":0,"item":3}`,
				`{"role":"rpc-response","u":"2","r":{"a":null},"error":null,"items":1}`,
			},
		},
		{
			"a stream that nobody asked for is a list", `{"role":"rpc","u":"2","cmds":[{"name":"c","fun":"count","args":[3]}]}`,
			[]string{`{"role":"rpc-response","u":"2","r":{"c":[1,2,3]},"error":null}`},
		},
		{
			"behind a graph", `{"role":"rpc","u":"2","stream":true,"cmds":[{"name":"n","fun":"add","args":[1,1]},{"name":"c","fun":"count","args":["n"]}]}`,
			[]string{
				`{"role":"rpc-item","u":"2","name":"c","n":0,"item":1}`,
				`{"role":"rpc-item","u":"2","name":"c","n":1,"item":2}`,
				`{"role":"rpc-response","u":"2","r":{"c":null},"error":null,"items":2}`,
			},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, said(ws, row.message)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestJSONStreamFails: the error of a stream comes behind its items; a stream that
// makes no sense is refused before anything runs.
func TestJSONStreamFails(t *testing.T) {
	var yielded atomic.Int64
	ws := testkit.Dial(t, streaming(t, &yielded).URL(), websocket.Dialer{})
	got := said(ws, `{"role":"rpc","u":"3","stream":true,"cmds":[{"name":"f","fun":"fail"}]}`)
	if len(got) != 3 || !strings.Contains(got[2], `"code":1003,"message":"no more"`) || !strings.Contains(got[2], `"executed":"yes"`) {
		t.Errorf("got %v", got)
	}
	got = said(ws, `{"role":"rpc","u":"3","stream":true,"cmds":[{"name":"a","fun":"count","args":[1]},{"name":"b","fun":"count","args":[1]}]}`)
	if len(got) != 1 || !strings.Contains(got[0], `"code":1004`) || yielded.Load() != 0 {
		t.Errorf("two leaves: got %v", got)
	}
	ws.Alive()
}

// TestJSONWindow: with a window no more items are under way than the caller has
// allowed, and a cancel ends the function.
func TestJSONWindow(t *testing.T) {
	var yielded atomic.Int64
	ws := testkit.Dial(t, streaming(t, &yielded).URL(), websocket.Dialer{})
	ws.Send(`{"role":"rpc","u":"4","stream":true,"window":2,"cmds":[{"name":"c","fun":"count","args":[1000]}]}`)
	next := func(n int) {
		t.Helper()
		var got itemMessage
		testkit.Must(t, json.Unmarshal([]byte(ws.Receive().Text), &got))
		if diff := cmp.Diff(itemMessage{"rpc-item", "4", "c", n, float64(n + 1)}, got); diff != "" {
			t.Error(diff)
		}
	}
	next(0)
	next(1)
	ws.Alive() // nothing else is on its way
	ws.Send(`{"role":"ack","u":"4","n":3}`)
	for n := 2; n < 5; n++ {
		next(n)
	}
	ws.Alive()
	if got := yielded.Load(); got > 6 {
		t.Errorf("the function has yielded %d items for 5 that were allowed", got)
	}
	ws.Send(`{"role":"cancel","u":"4"}`)
	if a := ws.Receive(); a.Error == nil || a.Error.Code != int(mpreg.Canceled) {
		t.Errorf("after a cancel: %s", a.Text)
	}
	testkit.Eventually(t, "the function to end", func() bool { return yielded.Load() == -1 })
	for _, ack := range []string{`{"role":"ack","u":"4","n":3}`, `{"role":"ack","u":"nobody","n":1}`} {
		ws.Send(ack) // crossed with the end: no error
	}
	ws.Send(`{"role":"ack","u":"bad","n":0}`)
	if a := ws.Receive(); a.Error == nil || a.Error.Code != int(mpreg.InvalidRequest) {
		t.Errorf("an ack of nothing: %s", a.Text)
	}
	ws.Alive()
}
