package protocoltest_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// impostors serves on l until the test ends, and returns those that are dialed
// there.
func impostors(t testing.TB, l net.Listener) <-chan *stranger {
	t.Helper()
	dialed, over := make(chan *stranger), make(chan struct{})
	upgrader := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
	server := &http.Server{ReadHeaderTimeout: testkit.Patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // who dialed gave up
		}
		select {
		case dialed <- &stranger{t: t, ws: ws, lastID: 1 << 40}:
			<-over
		case <-over:
		}
		_ = ws.Close()
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends with an error always
	}()
	t.Cleanup(func() {
		close(over)
		_ = server.Close()
		<-ended
	})
	return dialed
}

// clientOf returns a Go client, and the impostor that it has connected to, who
// has said h.
func clientOf(t testing.TB, h *wire.Hello, opts ...mpreg.ClientOption) (*mpreg.Client, *stranger) {
	t.Helper()
	l, url := testkit.Listen(t)
	dialed := impostors(t, l)
	c := testkit.Connect(t, url, opts...)
	ready := testkit.Later(func() (struct{}, error) { return struct{}{}, c.Ready(t.Context()) })
	p := testkit.Within(t, "the client dials", dialed)
	t.Cleanup(func() { _ = p.ws.Close() }) // the client need not wait for a goodbye
	p.hello()
	p.send(helloFrame(t, h))
	testkit.Must(t, testkit.Within(t, "the client is ready", ready).Err)
	return c, p
}

// impostorsOf has a client of several nodes that are impostors.
func impostorsOf(t *testing.T, hosts ...string) (c *mpreg.Client, dialed map[string]<-chan *stranger) {
	t.Helper()
	m := testkit.NewNetwork(hosts...)
	dialed = make(map[string]<-chan *stranger)
	var urls []string
	for _, host := range hosts {
		dialed[host] = impostors(t, m[host])
		urls = append(urls, "ws://"+host)
	}
	return testkit.Connect(t, strings.Join(urls, ","), mpreg.WithDialer(m.Dial)), dialed
}

// welcome lets the client in that dials a node.
func welcome(t *testing.T, dialed <-chan *stranger, id string) *stranger {
	t.Helper()
	p := <-dialed
	p.hello()
	p.send(helloFrame(t, nodeHello(id, 1)))
	return p
}
