package link

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/websocket"
)

// Accept makes a link of an HTTP request that asks for a websocket. checkOrigin says
// whether the request's Origin header is acceptable; nil accepts requests without
// one and those from the same host. When Accept returns an error it has answered the
// request: with 403 if the origin is not acceptable, 400 or 405 if it asks for no
// websocket, 500 if w can not be hijacked.
func Accept(w http.ResponseWriter, r *http.Request, cfg Config, checkOrigin func(*http.Request) bool) (*Link, error) {
	cfg = cfg.withDefaults()
	protocol := chooseSubprotocol(cfg.protocols(), websocket.Subprotocols(r))
	upgrader := websocket.Upgrader{
		HandshakeTimeout:  max(cfg.WriteTimeout, 0),
		ReadBufferSize:    bufferedRead,
		WriteBufferSize:   cfg.acceptBuffer(protocol),
		EnableCompression: cfg.Compression,
		CheckOrigin:       checkOrigin,
		Error:             refuseUpgrade,
	}
	header := http.Header{}
	if protocol != "" {
		header.Set("Sec-Websocket-Protocol", protocol)
	}
	h := &hijacker{ResponseWriter: w, cfg: cfg}
	ws, err := upgrader.Upgrade(h, r, header)
	if err != nil {
		return nil, fmt.Errorf("link from %s: %w", r.RemoteAddr, err)
	}
	return newLink(ws, h.conn, cfg), nil
}

// refuseUpgrade answers with the reason: whoever opens the URL in a browser learns
// that it is a websocket's.
func refuseUpgrade(w http.ResponseWriter, _ *http.Request, status int, reason error) {
	w.Header().Set("Sec-Websocket-Version", "13")
	http.Error(w, strings.TrimPrefix(reason.Error(), "websocket: "), status)
}

// chooseSubprotocol returns the first preferred one that is offered, else the
// first that is offered: clients that name a protocol of their own, as some
// libraries require, are served all the same.
func chooseSubprotocol(preferred, offered []string) string {
	for _, p := range preferred {
		if slices.Contains(offered, p) {
			return p
		}
	}
	if len(offered) > 0 {
		return offered[0]
	}
	return ""
}

// hijacker puts our conn between the hijacked connection and the websocket.
type hijacker struct {
	http.ResponseWriter
	cfg  Config
	conn *conn
}

// Hijack finds the connection through middlewares that implement Unwrap.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the HTTP connection: %w", err)
	}
	h.conn = newConn(c, h.cfg.WriteTimeout)
	return h.conn, rw, nil
}
