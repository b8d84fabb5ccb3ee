package wire_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/wire"
)

func TestGossipVectors(t *testing.T) {
	runFrames(t, "frame_gossip.json", readGossip, pointerTo, writeGossip)
}

func readGossip(_ wire.FrameHead, body []byte) (*wire.Gossip, error) { return wire.DecodeGossip(body) }

func writeGossip(f *wire.Frame, _ wire.FrameHead, g *wire.Gossip) error { return f.Gossip(g) }

// textVector is one entry of catalog.json and delta.json: what gossip carries as
// a part of a body.
type textVector struct {
	Name    string          `json:"name"`
	Text    hexBytes        `json:"text"`
	Decoded json.RawMessage `json:"decoded"`
	Written hexBytes        `json:"written"` // absent: the text
	Error   *expectedError  `json:"error"`
}

func textVectors(tb testing.TB, file string) []textVector {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var list []textVector
	if err := dec.Decode(&list); err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	return list
}

// runTexts is runFrames for what is no frame.
func runTexts[T any](t *testing.T, file string, read func(string) (*T, error), write func([]byte, *T) ([]byte, error)) {
	for _, v := range textVectors(t, file) {
		t.Run(v.Name, func(t *testing.T) {
			got, err := read(string(v.Text))
			if v.Error != nil {
				checkError(t, v.Error, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(pointerTo[T](t, v.Decoded), got, equal); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			want := v.Written
			if want == nil {
				want = v.Text
			}
			if written, err := write([]byte("in front"), got); err != nil || !bytes.Equal(written, append([]byte("in front"), want...)) {
				t.Errorf("written, %v:\n got %x\nwant %x", err, written, want)
			}
		})
	}
}

func TestCatalogTextVectors(t *testing.T) {
	runTexts(t, "catalog.json", wire.DecodeCatalogText, wire.AppendCatalog)
}

func TestDeltaVectors(t *testing.T) {
	runTexts(t, "delta.json", wire.DecodeDelta, wire.AppendDelta)
}
