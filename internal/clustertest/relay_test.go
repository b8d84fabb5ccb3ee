package clustertest_test

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// counting is a codec that counts how often it is used.
type counting struct {
	codec.CBOR
	decoded, encoded *atomic.Int64
}

func newCounting() counting { return counting{decoded: new(atomic.Int64), encoded: new(atomic.Int64)} }

func (counting) Name() string { return "counting" }

func (c counting) Append(dst []byte, v any) ([]byte, error) {
	c.encoded.Add(1)
	return c.CBOR.Append(dst, v)
}

func (c counting) Decode(data []byte, v any) error {
	c.decoded.Add(1)
	return c.CBOR.Decode(data, v)
}

// TestRelayOf16MiB: what a node passes on it does not look into, and does not
// change.
func TestRelayOf16MiB(t *testing.T) {
	relays, knows := newCounting(), newCounting()
	far := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(knows))
	received := make(chan [sha256.Size]byte, 2)
	testkit.Must(t, far.Register("keep", func(v mpreg.Value) mpreg.Value {
		received <- sha256.Sum256(v.Bytes())
		return v
	}))
	near := testkit.Serve(t, mpreg.Config{Peers: []string{far.URL()}}, mpreg.WithCodec(relays))
	testkit.Acquainted(t, near, far)

	random := rand.NewChaCha8([32]byte{1})
	blob := make([]byte, 16<<20)
	_, _ = random.Read(blob)
	own := newCounting()
	sent, err := codec.Encode(own, blob)
	testkit.Must(t, err)
	c := testkit.Connect(t, near.URL(), mpreg.WithCodec(own))
	got, err := c.Call(t.Context(), "keep", sent)
	testkit.Must(t, err)
	if want := sha256.Sum256(sent.Bytes()); <-received != want {
		t.Error("the function got other bytes than were sent")
	}
	if !bytes.Equal(got.Bytes(), sent.Bytes()) || got.Codec().Name() != "counting" {
		t.Errorf("the caller got %d bytes of %s, and sent %d", len(got.Bytes()), got.Codec().Name(), len(sent.Bytes()))
	}

	// And as an input of another command.
	r := mpreg.NewRequest()
	first := r.Add("keep", sent)
	last := r.Add("keep", first)
	resp, err := c.Do(t.Context(), r)
	testkit.Must(t, err)
	if v, err := resp.Value(last); err != nil || !bytes.Equal(v.Bytes(), sent.Bytes()) {
		t.Errorf("a graph: %d bytes, %v", len(v.Bytes()), err)
	}
	for name, n := range map[string]int64{
		"decoded by the relay": relays.decoded.Load(), "encoded by the relay": relays.encoded.Load(),
		"decoded by the function's node": knows.decoded.Load(), "encoded by it": knows.encoded.Load(),
		"decoded by the client": own.decoded.Load(), "encoded by the client": own.encoded.Load() - 2, // the blob, and the place where the first result goes
	} {
		if n != 0 {
			t.Errorf("%s: %d times", name, n)
		}
	}
}
