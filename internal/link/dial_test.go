package link_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/internal/link"
)

func TestAcceptRefuses(t *testing.T) {
	upgrade := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}
	with := func(key, value string) http.Header {
		h := upgrade.Clone()
		h.Set(key, value)
		return h
	}
	tests := map[string]struct {
		method string
		header http.Header
		check  func(*http.Request) bool
		status int
		body   string
	}{
		"a browser":      {"GET", http.Header{}, nil, 400, "'upgrade' token not found"},
		"a POST":         {"POST", upgrade, nil, 405, "method is not GET"},
		"an old version": {"GET", with("Sec-Websocket-Version", "8"), nil, 400, "unsupported version"},
		"a bad key":      {"GET", with("Sec-Websocket-Key", "short"), nil, 400, "Sec-WebSocket-Key"},
		"another origin": {"GET", with("Origin", "https://evil.example"), nil, 403, "origin not allowed"},
		"a check":        {"GET", upgrade, func(*http.Request) bool { return false }, 403, "origin not allowed"},
		"no connection":  {"GET", upgrade, nil, 500, "take over the HTTP connection"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), test.method, "http://node.example/", nil)
			r.Header = test.header
			w := httptest.NewRecorder() // can not be hijacked
			l, err := link.Accept(w, r, link.Config{}, test.check)
			if l != nil || err == nil || !strings.Contains(err.Error(), "link from 192.0.2.1:1234: ") {
				t.Errorf("Accept returned %v, %v", l, err)
			}
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("answered %d %q, want %d with %q", w.Code, w.Body, test.status, test.body)
			}
		})
	}
}

func TestSubprotocol(t *testing.T) {
	tests := []struct {
		accept, offer []string
		want          string
	}{
		{nil, nil, ""},
		{nil, []string{"a", "b"}, "a"},
		{[]string{"mpreg.v1"}, nil, ""},
		{[]string{"mpreg.v1"}, []string{"a", "mpreg.v1"}, "mpreg.v1"},
		{[]string{"v2", "v1"}, []string{"v1", "v2"}, "v2"},
		{[]string{"mpreg.v1"}, []string{"a", "b"}, "a"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.accept, test.offer), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newHost(t, link.Config{Subprotocols: test.accept}, true).link(t, link.Config{Subprotocols: test.offer})
				if s, c := server.Subprotocol(), client.Subprotocol(); s != test.want || c != test.want {
					t.Errorf("server has %q, client %q, want %q", s, c, test.want)
				}
			})
		})
	}
}

func TestCompressionIsNegotiated(t *testing.T) {
	for _, offered := range []bool{false, true} {
		for _, accepted := range []bool{false, true} {
			t.Run(fmt.Sprintf("offered=%t/accepted=%t", offered, accepted), func(t *testing.T) {
				h := newHost(t, link.Config{Compression: accepted}, false)
				dialer := websocket.Dialer{EnableCompression: offered}
				peer, resp, err := dialer.DialContext(t.Context(), h.url, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = peer.Close() }()
				defer (<-h.links).Abort(nil)
				agreed := strings.Contains(resp.Header.Get("Sec-Websocket-Extensions"), "permessage-deflate")
				if agreed != (offered && accepted) {
					t.Errorf("answer: %q", resp.Header)
				}
			})
		}
	}
}

func TestDialErrors(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no cluster here", http.StatusTeapot)
	}))
	defer plain.Close()
	url := "ws" + strings.TrimPrefix(plain.URL, "http")
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		for _, err = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n"); err == nil; {
			_, err = io.WriteString(c, "X: "+strings.Repeat("x", 1000)+"\r\n")
		}
	}))
	defer endless.Close()
	endlessURL := "ws" + strings.TrimPrefix(endless.URL, "http")
	tests := map[string]struct{ url, want string }{
		"no websocket": {url, `dial ` + url + `: no websocket there: HTTP 418 I'm a teapot: "no cluster here"`},
		"endless":      {endlessURL, "dial " + endlessURL + ": no websocket there: the answer's headers have more than 65536 bytes"},
		"nobody":       {"ws://127.0.0.1:1/", "dial ws://127.0.0.1:1/: dial tcp 127.0.0.1:1"},
		"not ws":       {"http://127.0.0.1:1/", "dial http://127.0.0.1:1/: "},
		"no URL":       {"::", "dial ::: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := link.Dial(t.Context(), test.url, link.DialOptions{}, link.Config{})
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("Dial: %v, want %s...", err, test.want)
			}
		})
	}
}

func TestDialSendsHeader(t *testing.T) {
	got := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Authorization")
	}))
	defer srv.Close()
	opts := link.DialOptions{Header: http.Header{"Authorization": {"Bearer x"}}}
	_, err := link.Dial(t.Context(), "ws"+strings.TrimPrefix(srv.URL, "http"), opts, link.Config{})
	if err == nil {
		t.Error("Dial succeeded without a websocket")
	}
	if token := <-got; token != "Bearer x" {
		t.Errorf("the server got %q", token)
	}
}

// TestDialIsCanceled checks that dialing a server that accepts and says nothing ends with
// its context, also one without a deadline.
func TestDialIsCanceled(t *testing.T) {
	shutdown := errors.New("shutdown")
	for _, scheme := range []string{"ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				here, there := net.Pipe()
				defer func() { _ = there.Close() }()
				go func() { _, _ = there.Read(make([]byte, 1<<16)) }()
				time.AfterFunc(time.Minute, func() { cancel(shutdown) })
				start := time.Now()
				_, err := link.Dial(ctx, scheme+"://silent/", link.DialOptions{
					NetDial: func(context.Context, string, string) (net.Conn, error) { return here, nil },
				}, link.Config{})
				if !errors.Is(err, shutdown) {
					t.Errorf("Dial: %v, want the context's end", err)
				}
				if d := time.Since(start); d != time.Minute {
					t.Errorf("Dial returned after %v", d)
				}
				if _, err := here.Write(nil); err == nil {
					t.Error("the connection is open")
				}
			})
		})
	}
}

func TestTLS(t *testing.T) {
	links := make(chan *link.Link, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l, err := link.Accept(w, r, link.Config{}, nil); err == nil {
			links <- l
		}
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that trusts nobody complains
	srv.StartTLS()
	defer srv.Close()
	url := "wss" + strings.TrimPrefix(srv.URL, "https")

	trusted := x509.NewCertPool()
	trusted.AddCert(srv.Certificate())
	cfg := &tls.Config{RootCAs: trusted, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	client, err := link.Dial(t.Context(), url, link.DialOptions{TLS: cfg}, link.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := <-links
	box, back := newInbox(), newInbox()
	serve(t, server, box)
	serve(t, client, back)
	for _, n := range []int{0, 100, 30_000, 1 << 20} {
		want := strings.Repeat("x", n)
		if err := client.Send(t.Context(), link.Text, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got := box.next(t).Data; got != want {
			t.Errorf("the server got %d bytes, want %d", len(got), n)
		}
		if err := server.Send(t.Context(), link.Binary, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got := back.next(t).Data; got != want {
			t.Errorf("the client got %d bytes, want %d", len(got), n)
		}
	}
	if err := client.Close(link.StatusNormal, ""); err != nil {
		t.Error(err)
	}
	if cfg.ServerName != "" || len(cfg.NextProtos) != 2 {
		t.Error("Dial changed the TLS configuration")
	}

	_, err = link.Dial(t.Context(), url, link.DialOptions{}, link.Config{})
	if err == nil || !strings.HasPrefix(err.Error(), "dial "+url+": TLS handshake: ") {
		t.Errorf("Dial with the system's roots: %v", err)
	}
}
