package mpregtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// secured returns a configuration for all ends of a cluster of two nodes: a
// certificate that signs itself, and trust in nothing else.
func secured(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"node-0", "node-1"},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, RootCAs: pool}
}

// TestTLS: a cluster whose links are all encrypted.
func TestTLS(t *testing.T) {
	secure := mpreg.WithTLS(secured(t))
	c := mpregtest.NewCluster(t, 2, mpregtest.Setup(functions),
		mpregtest.Config(func(_ int, cfg *mpreg.Config) {
			for i, url := range cfg.Peers {
				cfg.Peers[i] = strings.Replace(url, "ws://", "wss://", 1)
			}
		}),
		mpregtest.ServerOptions(func(int) []mpreg.ServerOption { return []mpreg.ServerOption{secure} }))
	know(t, c.Nodes()...)
	if got := c.Node(1).URL(); got != "wss://node-1" {
		t.Errorf("URL: %s", got)
	}
	where(t, c.Node(0).Client(secure, mpreg.OnNode("node-1")), "node-1")
	where(t, c.Client(secure), "node-0", "node-1")
}
