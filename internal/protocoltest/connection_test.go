package protocoltest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestConcurrentOnOneConnection: 500 requests of each form in flight at once,
// and every answer is to its question.
func TestConcurrentOnOneConnection(t *testing.T) {
	const n = 500
	s := testkit.Serve(t, mpreg.Config{})
	for name, row := range map[string]struct{ cmds, want string }{
		"single calls": {`{"name":"a","fun":"meet","args":["v%[1]d"]}`, `{"a":"v%[1]d"}`},
		"chains of three": {
			`{"name":"a","fun":"echo","args":["v%[1]d"]},{"name":"b","fun":"meet","args":["a"]},{"name":"c","fun":"echos","args":["a","b"]}`,
			`{"c":["v%[1]d","v%[1]d"]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			// Nobody goes on before all are there: they do run at the same time.
			var all sync.WaitGroup
			all.Add(n)
			testkit.Must(t, s.Register("meet", func(x mpreg.Value) mpreg.Value {
				all.Done()
				all.Wait()
				return x
			}))
			defer s.Unregister("meet")
			ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
			for i := range n {
				ws.Send(fmt.Sprintf(`{"role":"rpc","u":"u%[1]d","cmds":[`+row.cmds+`]}`, i))
			}
			seen := make(map[string]bool)
			for range n {
				a := ws.Receive()
				var i int
				if _, err := fmt.Sscanf(a.U, "u%d", &i); err != nil || seen[a.U] {
					t.Fatalf("answer to %q: %v", a.U, err)
				}
				seen[a.U] = true
				got, _ := json.Marshal(a.R)
				if want := fmt.Sprintf(row.want, i); string(got) != want {
					t.Fatalf("%s: got %s, want %s", a.U, a.Text, want)
				}
			}
		})
	}
}

// TestSlowCallHoldsNobodyUp: a fast call overtakes a slow one on its connection.
func TestSlowCallHoldsNobodyUp(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	release := make(chan struct{})
	testkit.Must(t, s.Register("slow", func() string { <-release; return "slow" }))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"rpc","u":"slow","cmds":[{"name":"a","fun":"slow"}]}`)
	ws.Send(`{"role":"rpc","u":"fast","cmds":[{"name":"a","fun":"echo","args":[1]}]}`)
	if a := ws.Receive(); a.U != "fast" {
		t.Errorf("first answer: %s", a.Text)
	}
	close(release)
	if a := ws.Receive(); a.U != "slow" {
		t.Errorf("second answer: %s", a.Text)
	}
}

func TestTwoThousandInSequence(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	c := testkit.Connect(t, s.URL())
	for i := range 2000 {
		if got, err := mpreg.Call[int](t.Context(), c, "echo", i); err != nil || got != i {
			t.Fatalf("call %d: %v, %v", i, got, err)
		}
	}
}

// TestFragmented: a message may come in any number of frames, with control
// frames between them.
func TestFragmented(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{WriteBufferSize: 64})
	pong := make(chan string, 1)
	ws.SetPongHandler(func(data string) error { pong <- data; return nil })
	w, err := ws.NextWriter(websocket.TextMessage)
	testkit.Must(t, err)
	message := testkit.Request(`{"name":"a","fun":"echo","args":["` + strings.Repeat("x", 1000) + `"]}`)
	_, err = w.Write([]byte(message[:500])) // goes out in frames of the write buffer's size
	testkit.Must(t, err)
	testkit.Must(t, ws.WriteControl(websocket.PingMessage, []byte("are you there"), time.Time{}))
	_, err = w.Write([]byte(message[500:]))
	testkit.Must(t, err)
	testkit.Must(t, w.Close())
	if a := ws.Receive(); string(a.R["a"]) != `"`+strings.Repeat("x", 1000)+`"` {
		t.Errorf("got %.200s", a.Text)
	}
	if got := <-pong; got != "are you there" {
		t.Errorf("pong: %q", got)
	}
}

// TestAnswersInKind: an answer comes in the kind of frame that the question came in.
func TestAnswersInKind(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{Subprotocols: []string{"something.else", "another"}})
	if ws.Subprotocol() != "something.else" {
		t.Errorf("subprotocol %q: want the first that was offered", ws.Subprotocol())
	}
	for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
		testkit.Must(t, ws.WriteMessage(kind, []byte(testkit.Request(`{"name":"a","fun":"echo","args":[1]}`))))
		got, data, err := ws.ReadMessage()
		testkit.Must(t, err)
		if got != kind || !bytes.Contains(data, []byte(`{"a":1}`)) {
			t.Errorf("kind %d: got %d, %s", kind, got, data)
		}
		testkit.Must(t, ws.WriteMessage(kind, []byte(`{"role":"king","u":"7"}`)))
		if got, _, err = ws.ReadMessage(); err != nil || got != kind {
			t.Errorf("refusal of kind %d: got %d, %v", kind, got, err)
		}
	}
}

func TestEightMiBBothWays(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	data := bytes.Repeat([]byte("0123456789abcdef"), 8<<20/16)
	got, err := mpreg.Call[string](t.Context(), testkit.Connect(t, s.URL()), "echo", string(data))
	if err != nil || got != string(data) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
}

// TestDuplicateU: an id belongs to one running request of a connection.
func TestDuplicateU(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	release := make(chan struct{})
	testkit.Must(t, s.Register("wait", func() { <-release }))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"wait"}]}`)
	ws.Send(`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"echo","args":[1]}]}`)
	if a := ws.Receive(); a.Error == nil || a.Error.Code != int(mpreg.InvalidRequest) {
		t.Errorf("got %s", a.Text)
	}
	close(release)
	if a := ws.Receive(); a.Error != nil || a.U != "1" {
		t.Errorf("got %s", a.Text)
	}
	ws.Alive()
}

// TestDeadlineOnTheWire: the node answers at the deadline by itself, and once.
func TestDeadlineOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		s := testkit.Serve(t, mpreg.Config{}, mpreg.WithListener(network["node"]))
		release := make(chan struct{})
		testkit.Must(t, s.Register("stubborn", func() { <-release }))
		ws := testkit.Dial(t, "ws://node", websocket.Dialer{NetDialContext: network.Dial})
		start := time.Now()
		ws.Send(`{"role":"rpc","u":"1","timeout_ms":1500,"cmds":[{"name":"a","fun":"stubborn"}]}`)
		a := ws.Receive()
		if a.Error == nil || a.Error.Code != int(mpreg.DeadlineExceeded) || a.Error.Details["command"] != "a" ||
			a.Error.Details["function"] != "stubborn" || a.Error.Details["executed"] != "maybe" {
			t.Errorf("got %s", a.Text)
		}
		if took := time.Since(start); took != 1500*time.Millisecond {
			t.Errorf("after %v of fake time", took)
		}
		close(release)
		synctest.Wait()
		ws.Alive() // and not a second answer to 1
	})
}

// TestLostCallerCancels: when a link is gone, so is the need for what runs for it.
func TestLostCallerCancels(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started, ended := make(chan struct{}), make(chan error)
	testkit.Must(t, s.Register("wait", func(ctx context.Context) { close(started); <-ctx.Done(); ended <- ctx.Err() }))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"wait"}]}`)
	<-started
	testkit.Must(t, ws.NetConn().Close())
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
