package main

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
)

func TestToken(t *testing.T) {
	url := startNode(t, nil, mpreg.WithAuthenticator(func(_ context.Context, c mpreg.Credentials) (mpreg.Identity, error) {
		if c.Token != "-1secret" {
			return mpreg.Identity{}, errors.New("who is that?")
		}
		return mpreg.Identity{Name: "me"}, nil
	}))
	want := outcome{exitOK, "1\n", ""}
	if got := execute(t.Context(), "", "call", "--url", url, "--token", "-1secret", "echo", "1"); got != want {
		t.Errorf("a call with a token: %+v", got)
	}
	for hint, flags := range map[string][]string{
		"give a token with --token or MPREG_TOKEN":              nil,
		"is the token of --token or MPREG_TOKEN the right one?": {"--token", "guess"},
	} {
		args := append([]string{"call", "--url", url, "-o", "json", "echo", "1"}, flags...)
		got := parseFailure(t, exitNotExecuted, execute(t.Context(), "", args...))
		if got.Error.Name != "unauthenticated" || got.Error.Details.Executed != "no" || got.Error.Hint != hint {
			t.Errorf("with %q: %+v, want unauthenticated and the hint %q", flags, got, hint)
		}
	}

	t.Setenv("MPREG_TOKEN", "-1secret")
	got := execute(t.Context(), `{"cmds":[{"name":"a","fun":"echo","args":[1]}]}`, "run", "-", "--url", url, "-o", "json")
	if want := (outcome{exitOK, "{\"a\":1}\n", ""}); got != want {
		t.Errorf("a graph with a token from the environment: %+v", got)
	}
}

// startTLSNode serves with a certificate that no system trusts, and returns the
// URL and a file with the certificate.
func startTLSNode(t *testing.T) (url, file string) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // has a certificate for 127.0.0.1
	web.Close()
	url = startNode(t, nil, mpreg.WithTLS(&tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}))
	file = filepath.Join(t.TempDir(), "ca.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return url, file
}

func TestCA(t *testing.T) {
	url, file := startTLSNode(t)
	if !strings.HasPrefix(url, "wss://") {
		t.Fatalf("the node's URL is %s", url)
	}
	want := outcome{exitOK, "1\n", ""}
	if got := execute(t.Context(), "", "call", "--url", url, "--ca", file, "echo", "1"); got != want {
		t.Errorf("a call with --ca: %+v", got)
	}
	refused := parseFailure(t, exitNotExecuted, execute(t.Context(), "", "call", "--url", url, "-o", "json", "echo", "1"))
	if hint := "--ca or MPREG_CA names a file with the CA to trust"; refused.Error.Name != "unavailable" || refused.Error.Hint != hint {
		t.Errorf("without a CA: %+v, want unavailable and the hint %q", refused, hint)
	}

	t.Setenv("MPREG_CA", file)
	if got := execute(t.Context(), "", "call", "--url", url, "echo", "1"); got != want {
		t.Errorf("a call with MPREG_CA: %+v", got)
	}
}

func TestCAUnreadable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const named = "mpreg: --ca, in the environment MPREG_CA: "
	for name, want := range map[string]string{
		file:             named + file + " has no certificate in PEM form\n",
		file + "missing": named + "open " + file + "missing: ",
	} {
		got := execute(t.Context(), "", "call", "--ca", name, "echo", "1")
		if got.status != exitUsage || got.out != "" || !strings.HasPrefix(got.err, want) {
			t.Errorf("%s: %+v, want status %d and an error that begins with %q", name, got, exitUsage, want)
		}
	}
}

func TestBadURL(t *testing.T) {
	const hint = "--url or MPREG_URL names the node, --token or MPREG_TOKEN the token"
	for _, url := range []string{"http://127.0.0.1:6747", "127.0.0.1:6747", "ws://", "ws://user:secret@127.0.0.1:6747"} {
		got := parseFailure(t, exitUsage, execute(t.Context(), "", "call", "-o", "json", "--url", url, "echo", "1"))
		if got.Error.Name != "invalid_argument" || got.Error.Details.Executed != "no" || got.Error.Hint != hint {
			t.Errorf("%s: %+v, want invalid_argument and the hint %q", url, got, hint)
		}
	}
}
