package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/mpreg/mpreg"
)

// unusedPort returns a port where nobody listens.
func unusedPort(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestCallWaitsForNode: a call that finds nobody reaches the node that listens a
// moment later. The second URL tells when the first has been tried.
func TestCallWaitsForNode(t *testing.T) {
	tried := make(chan struct{}, 100)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tried <- struct{}{}
		http.Error(w, "no node here", http.StatusNotFound)
	}))
	defer other.Close()
	port := unusedPort(t)
	urls := "ws://127.0.0.1:" + port + "," + strings.Replace(other.URL, "http", "ws", 1)

	ended := make(chan outcome, 1)
	go func() { ended <- execute(t.Context(), "", "call", "--url", urls, "echo", "1") }()
	<-tried
	_, stop := serve(t, "--port", port, "--log-level", "error")
	if got := <-ended; got != (outcome{exitOK, "1\n", ""}) {
		t.Errorf("%+v", got)
	}
	if status, log := stop(); status != exitOK {
		t.Errorf("the node ended with status %d:\n%s", status, log)
	}
}

// TestCallWithoutNode: the last attempt's error is the call's, even if a timeout
// ended the wait.
func TestCallWithoutNode(t *testing.T) {
	// Port 1 is reserved and nobody listens there.
	const url = "ws://127.0.0.1:1"
	for _, flags := range [][]string{nil, {"--timeout", "1s"}} {
		args := append([]string{"call", "-o", "json", "--url", url, "echo", "1"}, flags...)
		got := execute(t.Context(), "", args...)
		f := parseFailure(t, exitNotExecuted, got)
		if f.Error.Name != "unavailable" || f.Error.Details.Executed != "no" || !strings.Contains(got.err, "refused") {
			t.Errorf("%q: %s\nwant unavailable, not executed, connection refused", flags, got.err)
		}
		if want := "is a node listening at " + url + "? --url or MPREG_URL names another"; f.Error.Hint != want {
			t.Errorf("%q: hint %q, want %q", flags, f.Error.Hint, want)
		}
	}
}

// TestPatienceTakesNoForAnAnswer: who answers is there, and waiting would not
// help.
func TestPatienceTakesNoForAnAnswer(t *testing.T) {
	for status, code := range map[int]mpreg.Code{
		http.StatusUnauthorized: mpreg.Unauthenticated,
		http.StatusForbidden:    mpreg.PermissionDenied,
		http.StatusNotFound:     mpreg.Unavailable,
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		whom := target{URL: strings.Replace(web.URL, "http", "ws", 1)}
		client, err := whom.client()
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		err = whom.patiently(t.Context(), client, func(ctx context.Context) error {
			calls++
			_, err := client.Call(ctx, "echo", 1)
			return err
		})
		client.Close()
		web.Close()
		if !errors.Is(err, code) || calls != 1 {
			t.Errorf("status %d: %d calls, the last ended with %v; want one and %v", status, calls, err, code)
		}
	}
}

// TestPatienceWithUnknownHost: a name that is not known is a mistake, not a node
// that starts.
func TestPatienceWithUnknownHost(t *testing.T) {
	dns := &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}
	for cause, want := range map[error]bool{
		&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}: true,
		&net.OpError{Op: "dial", Err: dns}:                  false,
		&net.OpError{Op: "read", Err: syscall.ECONNRESET}:   false,
	} {
		err := mpreg.Errorf(mpreg.Unavailable, "not connected: %w", cause)
		err.Executed = mpreg.ExecutedNo
		if got := mayStart(err); got != want {
			t.Errorf("%v: %t, want %t", cause, got, want)
		}
		err.Executed = mpreg.ExecutedMaybe
		if mayStart(err) {
			t.Errorf("%v: a call that may have run is repeated", cause)
		}
	}
}
