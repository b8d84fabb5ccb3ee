package protocoltest_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// FuzzSocket sends a node whatever a message may hold: the connection lives,
// and the next call on it succeeds in bounded time.
func FuzzSocket(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `"`, `{"role":"rpc"}`, "\xff\x00",
		testkit.Request(`{"name":"a","fun":"echo","args":[1]}`),
		testkit.Request(`{"name":"b","fun":"echos","args":["a.x.0",{"k":"a"}],"kwargs":{"x":"a"}},{"name":"a","fun":"any","args":[{"x":[1.0]}]}`),
		testkit.Request(`{"name":"a","fun":"train","args":["d"],"kwargs":{"lr":0.5}}`),
		testkit.Request(`{"name":"a","fun":"panic"},{"name":"b","fun":"loop"},{"name":"c","fun":"chan"}`),
		testkit.Request(`{"name":"a","fun":"echo","args":["b"]},{"name":"b","fun":"echo","args":["a"]}`),
		explicit(`{"name":"a","fun":"echo","args":[[1]]},{"name":"b","fun":"echo","args":[{"a/b":null}],"refs":{"/args/0/a~1b":["a",0]}}`),
		`{"role":"rpc","u":"7","return":["a"],"timeout_ms":1e300,"headers":{"a":"b"},"return_intermediate_results":true,"include_execution_summary":true,"cmds":[{"name":"a","fun":"mpreg.status"}]}`,
		`{"role":"rpc","rpc":{"u":"7","cmds":[{"name":"a","fun":"mpreg.describe","args":["add"]}]}}`,
		`{"role":"cancel","u":"7"}`, `{"role":"auth","u":"0","token":"x"}`,
		strings.Repeat(`{"role":`, 1000),
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	vectors, _ := filepath.Glob("../wire/testdata/*.json")
	for _, path := range vectors {
		data, err := os.ReadFile(path)
		testkit.Must(f, err)
		f.Add(data, false)
	}
	const limit = 1 << 20
	s := testkit.Serve(f, mpreg.Config{MaxMessageBytes: limit})
	testkit.RegisterFunctions(f, &s.Registry)
	ws := testkit.Dial(f, s.URL(), websocket.Dialer{})
	run := rand.Text() // nobody guesses the u of our own calls
	n := 0
	f.Fuzz(func(t *testing.T, message []byte, binary bool) {
		if len(message) > 4*limit {
			t.Skip("the connection may be closed over it")
		}
		kind := websocket.TextMessage
		if binary {
			kind = websocket.BinaryMessage
		}
		n++
		u := fmt.Sprintf("%s-%d", run, n)
		testkit.Must(t, ws.SetReadDeadline(time.Now().Add(30*time.Second)))
		testkit.Must(t, ws.WriteMessage(kind, message))
		testkit.Must(t, ws.WriteMessage(websocket.TextMessage, []byte(`{"role":"rpc","u":"`+u+`","cmds":[{"name":"a","fun":"echo","args":["yes"]}]}`)))
		want := fmt.Sprintf(`{"role":"rpc-response","u":%q,"r":{"a":"yes"},"error":null}`, u)
		for {
			_, data, err := ws.ReadMessage()
			if err != nil {
				t.Fatalf("after %.200q the connection is gone: %v", message, err)
			}
			if !json.Valid(data) {
				t.Errorf("the answer to %.200q is no JSON: %.200q", message, data)
			}
			if bytes.Contains(data, []byte(run)) {
				if string(data) != want {
					t.Errorf("after %.200q: got %s", message, data)
				}
				return
			}
		}
	})
}

// FuzzFrames sends a node whatever a message of frames may hold: the link lives,
// and the next call on it succeeds in bounded time.
func FuzzFrames(f *testing.F) {
	for _, frame := range frameVectors(f) {
		f.Add(message(frame))
		f.Add(frame) // without its length
	}
	f.Add(message(callFrame(f, 7, "panic"), callFrame(f, 8, "loop"), callFrame(f, 8, "train", "d")))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x07, 0x02})

	const limit = 1 << 20
	s := testkit.Serve(f, mpreg.Config{MaxMessageBytes: limit})
	testkit.RegisterFunctions(f, &s.Registry)
	p := dialFrames(f, s.URL(), websocket.Dialer{})
	p.greet(&wire.Hello{Versions: []int{1}})
	f.Fuzz(func(t *testing.T, frames []byte) {
		if len(frames) > limit {
			t.Skip("the link may be closed over it")
		}
		p.t = t
		testkit.Must(t, p.ws.WriteMessage(websocket.BinaryMessage, frames))
		p.lastID++
		p.send(callFrame(t, p.lastID, "echo", "yes"))
		for {
			head, body, err := p.next()
			if err != nil {
				t.Fatalf("after %.200x the link is gone: %v", frames, err)
			}
			if head.ID != p.lastID {
				continue
			}
			r, err := wire.DecodeFrameResponse(head, body, nil)
			if err != nil || r.Error != nil || len(r.Results) != 1 || r.Results[0].Value.String() != `"yes"` {
				t.Fatalf("after %.200x: got %v of %x, %v", frames, head.Kind, body, err)
			}
			return
		}
	})
}

// frameVectors returns the frames of the test vectors, good and bad.
func frameVectors(t testing.TB) [][]byte {
	t.Helper()
	paths, err := filepath.Glob("../wire/testdata/frame_*.json")
	testkit.Must(t, err)
	var frames [][]byte
	for _, path := range paths {
		data, err := os.ReadFile(path)
		testkit.Must(t, err)
		var vectors []struct {
			Frame string `json:"frame"`
		}
		testkit.Must(t, json.Unmarshal(data, &vectors))
		for _, v := range vectors {
			frame, err := hex.DecodeString(v.Frame)
			testkit.Must(t, err)
			frames = append(frames, frame)
		}
	}
	if len(frames) == 0 {
		t.Fatal("no vectors")
	}
	return frames
}
