package protocoltest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

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
				if got := socket.Results(testkit.Request(`{"name":"a","fun":"echo","args":["` + text + `"]}`)); got != `{"a":"`+text+`"}` {
					t.Errorf("got %.100s", got)
				}
			})
		}
	}
}

// TestCompressionBomb: what counts is the size after decompression.
func TestCompressionBomb(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Compression: true, MaxMessageBytes: 1 << 20})
	bomb := func(size int) string {
		return testkit.Request(`{"name":"a","fun":"echo","args":["` + strings.Repeat("x", size) + `"]}`)
	}
	t.Run("discarded", func(t *testing.T) {
		ws := testkit.Dial(t, s.URL(), websocket.Dialer{EnableCompression: true})
		ws.Send(bomb(3 << 20))
		if a := ws.Receive(); a.U != "7" || a.Error == nil || a.Error.Code != int(mpreg.ResourceExhausted) {
			t.Fatalf("got %s", a.Text)
		}
		ws.Alive()
	})
	t.Run("closed", func(t *testing.T) {
		ws := testkit.Dial(t, s.URL(), websocket.Dialer{EnableCompression: true})
		ws.Send(bomb(6 << 20))
		if a := ws.Receive(); a.U != "7" || a.Error == nil || a.Error.Code != int(mpreg.ResourceExhausted) {
			t.Fatalf("got %s", a.Text)
		}
		_, _, err := ws.ReadMessage()
		if !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
			t.Errorf("want a close with status 1009, got %v", err)
		}
		testkit.Dial(t, s.URL(), websocket.Dialer{}).Alive()
	})
}
