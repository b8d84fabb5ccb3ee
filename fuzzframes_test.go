package mpreg_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

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
	paths, err := filepath.Glob("internal/wire/testdata/frame_*.json")
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
