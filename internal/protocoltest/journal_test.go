package protocoltest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestStrangersDoNotFillTheLog: what anybody can do to a node as often as they like is
// one warning, whatever they send.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	var log testkit.Journal
	s := testkit.Serve(t, mpreg.Config{MaxMessageBytes: 1000}, mpreg.WithLogger(log.Logger()))
	binaryDialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
	worker := `{"role":"server","u":"1","server":{"what":"HELLO","offers":[{"fun":"f"}],"cluster_id":"theirs %d"}}`
	oversized := append(binary.AppendUvarint(nil, 2000), make([]byte, 2000)...)
	for i := range 20 {
		_, response, err := websocket.DefaultDialer.DialContext(t.Context(), s.URL(), http.Header{"Origin": {fmt.Sprintf("http://evil%d.example", i)}})
		if err == nil {
			t.Fatal("a foreign origin was let in")
		}
		_ = response.Body.Close()
		for _, message := range []struct {
			dialer websocket.Dialer
			kind   int
			data   []byte
		}{
			{websocket.Dialer{}, websocket.TextMessage, bytes.Repeat([]byte("x"), 2000)},
			{binaryDialer, websocket.BinaryMessage, fmt.Appendf(nil, "rubbish %d", i)},
			{binaryDialer, websocket.BinaryMessage, oversized},
			{binaryDialer, websocket.BinaryMessage, helloFrame(t, &wire.Hello{Versions: []int{1}, Cluster: fmt.Sprint("theirs ", i)})},
			{websocket.Dialer{}, websocket.TextMessage, fmt.Appendf(nil, worker, i)},
		} {
			ws := testkit.Dial(t, s.URL(), message.dialer)
			testkit.Must(t, ws.WriteMessage(message.kind, message.data))
			_, _, err := ws.ReadMessage() // a refusal: the node has seen it
			testkit.Must(t, err)
		}
		c := rawConn(t, s)
		_, err = io.WriteString(c, "\x16\x03\x01 this is no HTTP\r\n\r\n")
		testkit.Must(t, err)
		_, _ = io.ReadAll(c)
	}
	if lines := log.Take(); len(lines) < 5 || len(lines) > 7 {
		t.Errorf("%d warnings:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}
