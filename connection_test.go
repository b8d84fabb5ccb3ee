package mpreg_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
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

// TestCompression: offered or not, taken or not, calls are the same.
func TestCompression(t *testing.T) {
	for _, server := range []bool{false, true} {
		for _, client := range []bool{false, true} {
			t.Run(fmt.Sprintf("server %v client %v", server, client), func(t *testing.T) {
				s := testkit.Serve(t, mpreg.Config{Compression: server})
				ws, response, err := (&websocket.Dialer{EnableCompression: client}).DialContext(t.Context(), s.URL(), nil)
				testkit.Must(t, err)
				defer func() { _ = ws.Close() }()
				_ = response.Body.Close()
				agreed := strings.Contains(response.Header.Get("Sec-Websocket-Extensions"), "permessage-deflate")
				if agreed != (server && client) {
					t.Errorf("compression agreed: %v", agreed)
				}
				text := strings.Repeat("compressible ", 10_000)
				socket := &testkit.Socket{T: t, Conn: ws}
				if got := socket.Results(request(`{"name":"a","fun":"echo","args":["` + text + `"]}`)); got != `{"a":"`+text+`"}` {
					t.Errorf("got %.100s", got)
				}
			})
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
	message := request(`{"name":"a","fun":"echo","args":["` + strings.Repeat("x", 1000) + `"]}`)
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
		testkit.Must(t, ws.WriteMessage(kind, []byte(request(`{"name":"a","fun":"echo","args":[1]}`))))
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

// TestPeerThatNeverReads: it loses its link, and nobody else notices.
func TestPeerThatNeverReads(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{WriteTimeout: 100 * time.Millisecond, MaxQueueBytes: 1 << 20})
	testkit.Must(t, s.Register("big", func() string { return strings.Repeat("x", 1<<20) }))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	for i := range 64 { // far more than the kernel buffers hold
		ws.Send(fmt.Sprintf(`{"role":"rpc","u":"%d","cmds":[{"name":"a","fun":"big"}]}`, i))
	}
	c := testkit.Connect(t, s.URL())
	for links := 2; links > 1; {
		status, err := mpreg.Call[mpreg.Status](t.Context(), c, "mpreg.status")
		testkit.Must(t, err)
		links = status.Links
	}
	testkit.Dial(t, s.URL(), websocket.Dialer{}).Alive()
}
