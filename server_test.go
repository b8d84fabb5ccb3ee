package mpreg_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestReadyTellsWhy: who waits for a node learns why it will not come.
func TestReadyTellsWhy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer func() { _ = taken.Close() }()
	s := testkit.NewServer(t, mpreg.Config{Port: taken.Addr().(*net.TCPAddr).Port})
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context()) }()
	if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "can't listen on "+taken.Addr().String()) {
		t.Errorf("Ready: %v", err)
	}
	if err := <-served; err == nil {
		t.Error("Serve: no error")
	}
}

// TestServerOptionsRefused: what could never work is told at once.
func TestServerOptionsRefused(t *testing.T) {
	for says, opts := range map[string][]mpreg.ServerOption{
		"certificate":      {mpreg.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13})},
		"no URL of a node": {mpreg.WithMount("/mpreg")},
		"no URL":           {mpreg.WithMount("")},
		"does not listen":  {mpreg.WithMount("ws://a/b"), mpreg.WithListener(testkit.NewNetwork("node")["node"])},
	} {
		if _, err := mpreg.NewServer(mpreg.Config{}, opts...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	for _, origin := range []string{"https://a.test/", "https://a.test/path", "a.test"} {
		if _, err := mpreg.NewServer(mpreg.Config{AllowedOrigins: []string{origin}}); err == nil {
			t.Errorf("%q is no origin that a browser sends", origin)
		}
	}
}

// TestReadyAfterTheEnd: a node that has stopped is not ready.
func TestReadyAfterTheEnd(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	testkit.Must(t, testkit.Run(t, s)())
	for range 50 {
		if err := s.Ready(t.Context()); err == nil {
			t.Fatal("ready")
		}
	}
}

// TestDefaultBeforeServe: the default server can be asked before it serves.
func TestDefaultBeforeServe(t *testing.T) {
	if _, err := mpreg.Default().Client().Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("got %v", err)
	}
	if members, name := mpreg.Default().Members(), mpreg.Default().Name(); members != nil || name != "" {
		t.Errorf("got %v, %q", members, name)
	}
}

// TestMounted: a node within somebody else's HTTP server.
func TestMounted(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{}, mpreg.WithMount("ws://example.test/mpreg"))
	mux := http.NewServeMux()
	mux.Handle("/mpreg", s)
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") })
	web := httptest.NewServer(mux)
	defer web.Close()
	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/mpreg"

	early := testkit.Connect(t, url)
	if _, err := early.Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) || !strings.Contains(err.Error(), "503") {
		t.Errorf("before Serve: %v", err)
	}
	stop := testkit.Run(t, s)
	if s.URL() != "ws://example.test/mpreg" {
		t.Errorf("URL: %s", s.URL())
	}
	if got, err := mpreg.Call[int](t.Context(), testkit.Connect(t, url), "echo", 7); err != nil || got != 7 {
		t.Errorf("got %v, %v", got, err)
	}
	for path, want := range map[string]int{"/mpreg": http.StatusUpgradeRequired, "/health": http.StatusOK} {
		response, err := http.Get(web.URL + path)
		testkit.Must(t, err)
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	testkit.Must(t, stop())
}
