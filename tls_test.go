package mpreg_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// certificate makes one for 127.0.0.1 that signs itself, and a pool that trusts
// nothing else.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	testkit.Must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "mpreg test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	testkit.Must(t, err)
	parsed, err := x509.ParseCertificate(der)
	testkit.Must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestTLS: a node with a certificate is reached by wss://, by whoever trusts it,
// and a client that does not learns why not.
func TestTLS(t *testing.T) {
	cert, trusts := certificate(t)
	_, trustsOthers := certificate(t)
	log := new(testkit.Journal)
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()), mpreg.WithTLS(&tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}))
	if !strings.HasPrefix(s.URL(), "wss://127.0.0.1:") {
		t.Fatalf("URL: %s", s.URL())
	}
	c := testkit.Connect(t, s.URL(), mpreg.WithTLS(&tls.Config{RootCAs: trusts, NextProtos: []string{"h2"}}))
	if got, err := mpreg.Call[string](t.Context(), c, "echo", "sealed"); err != nil || got != "sealed" {
		t.Errorf("got %q, %v", got, err)
	}
	for name, row := range map[string]struct {
		url  string
		tls  *tls.Config
		says string
	}{
		"another CA":       {s.URL(), &tls.Config{RootCAs: trustsOthers}, "certificate"},
		"the system's CAs": {s.URL(), nil, "certificate"},
		"another name":     {s.URL(), &tls.Config{RootCAs: trusts, ServerName: "example.com"}, "example.com"},
		"without TLS":      {strings.Replace(s.URL(), "wss", "ws", 1), nil, "400"},
	} {
		_, err := testkit.Connect(t, row.url, mpreg.WithTLS(row.tls)).Call(t.Context(), "echo", 1)
		var e *mpreg.Error
		if !errors.As(err, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo ||
			!strings.Contains(e.Message, row.says) || !strings.Contains(e.Message, row.url) {
			t.Errorf("%s: want unavailable with %q, got %v", name, row.says, err)
		}
	}
	if lines := log.Take(); len(lines) > 0 {
		t.Errorf("anybody can fill the node's log with %q", lines)
	}
	plain := testkit.Serve(t, mpreg.Config{})
	_, err := testkit.Connect(t, strings.Replace(plain.URL(), "ws", "wss", 1)).Call(t.Context(), "echo", 1)
	if !errors.Is(err, mpreg.Unavailable) || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("TLS to a node without: %v", err)
	}
	testkit.Dial(t, s.URL(), websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: trusts}}).Alive()
}
