package link

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

type ignore struct{}

func (ignore) Message(Kind, []byte)          {}
func (ignore) Oversized(Kind, []byte, int64) {}
func (ignore) Malformed(error)               {}

// TestStaleTick: a tick of the keepalive that had to wait while the link began to
// close does not end the wait for the peer's close frame.
func TestStaleTick(t *testing.T) {
	links := make(chan *Link, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, err := Accept(w, r, Config{}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		links <- l
		_ = l.Serve(ignore{})
	}))
	defer server.Close()
	ws, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	l := <-links
	l.BeginClose(StatusGoingAway, "")
	for sent := false; !sent; runtime.Gosched() {
		l.mu.Lock()
		sent = l.sentBye
		l.mu.Unlock()
	}
	l.tick()
	if err := l.Err(); err != nil {
		t.Errorf("the link has ended: %v", err)
	}
	_ = ws.Close()
	<-l.Done()
}
