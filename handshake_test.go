package mpreg_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestOrigins: a page of somebody else's can't use its visitor's access.
func TestOrigins(t *testing.T) {
	for name, row := range map[string]struct {
		allowed []string
		origin  string // HOST is the node's own address
		want    int
	}{
		"a program":              {nil, "", http.StatusSwitchingProtocols},
		"the node's own":         {nil, "http://HOST", http.StatusSwitchingProtocols},
		"behind a TLS proxy":     {nil, "https://HOST", http.StatusSwitchingProtocols},
		"another":                {nil, "https://evil.example", http.StatusForbidden},
		"another port":           {nil, "http://127.0.0.1:1", http.StatusForbidden},
		"a file":                 {nil, "null", http.StatusForbidden},
		"no origin at all":       {nil, "::::", http.StatusForbidden},
		"looks like it":          {nil, "http://HOST.evil.example", http.StatusForbidden},
		"in the user":            {nil, "http://HOST@evil.example", http.StatusForbidden},
		"allowed":                {[]string{"https://a.example", "https://b.example"}, "https://b.example", http.StatusSwitchingProtocols},
		"its own besides":        {[]string{"https://b.example"}, "http://HOST", http.StatusSwitchingProtocols},
		"allowed by http":        {[]string{"https://b.example"}, "http://b.example", http.StatusForbidden},
		"allowed on a port":      {[]string{"https://b.example"}, "https://b.example:444", http.StatusForbidden},
		"within an allowed name": {[]string{"https://b.example"}, "https://x.b.example", http.StatusForbidden},
		"any":                    {[]string{"*"}, "https://evil.example", http.StatusSwitchingProtocols},
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.Serve(t, mpreg.Config{AllowedOrigins: row.allowed})
			header := http.Header{}
			if row.origin != "" {
				header.Set("Origin", strings.Replace(row.origin, "HOST", strings.TrimPrefix(s.URL(), "ws://"), 1))
			}
			ws, response, err := websocket.DefaultDialer.DialContext(t.Context(), s.URL(), header)
			if response == nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != row.want {
				t.Errorf("origin %q: %s", header.Get("Origin"), response.Status)
			}
			if err == nil {
				(&testkit.Socket{T: t, Conn: ws}).Alive()
				_ = ws.Close()
			}
		})
	}
}

// TestRebinding: a page whose host's name leads to this machine is not of the
// node's origin.
func TestRebinding(t *testing.T) {
	address := serveNamed(t)
	for origin, ok := range map[string]bool{
		"http://evil.test": false, "http://node.test": true, "http://localhost": true, "http://127.0.0.1": true, "https://app.test": true,
	} {
		_, host, _ := strings.Cut(origin, "://")
		header := http.Header{"Origin": {origin}, "Host": {host}}
		ws, response, err := (&websocket.Dialer{NetDial: func(string, string) (net.Conn, error) {
			return net.Dial("tcp", address)
		}}).DialContext(t.Context(), "ws://"+host, header)
		if (err == nil) != ok {
			t.Errorf("%s: %v", origin, err)
		}
		if err == nil {
			_ = ws.Close()
		}
		_ = response.Body.Close()
	}
}

// serveNamed runs a node that goes by another name than its address, and
// returns the address.
func serveNamed(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	testkit.Serve(t, mpreg.Config{AdvertisedURLs: []string{"ws://node.test"}, AllowedOrigins: []string{"HTTPS://app.test"}}, mpreg.WithListener(l))
	return l.Addr().String()
}
