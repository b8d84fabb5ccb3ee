package wire_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/wire"
)

func FuzzDecodeGossip(f *testing.F) {
	fuzzFrames(f, "frame_gossip.json", readGossip, writeGossip)
}

// fuzzTexts is fuzzFrames for what is no frame.
func fuzzTexts[T any](f *testing.F, file string, read func(string) (*T, error), write func([]byte, *T) ([]byte, error)) {
	for _, v := range textVectors(f, file) {
		f.Add(string(v.Text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := read(text)
		if err != nil {
			refused(t, err)
			return
		}
		written, err := write(nil, first)
		if err != nil {
			t.Fatalf("%+v: %v", first, err)
		}
		second, err := read(string(written))
		if err != nil {
			t.Fatalf("%x: %v", written, err)
		}
		if diff := cmp.Diff(first, second, equal); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
		if again, err := write(nil, second); err != nil || !bytes.Equal(again, written) {
			t.Fatalf("%v\nfirst  %x\nsecond %x", err, written, again)
		}
	})
}

func FuzzDecodeCatalogText(f *testing.F) {
	fuzzTexts(f, "catalog.json", wire.DecodeCatalogText, wire.AppendCatalog)
}

func FuzzDecodeDelta(f *testing.F) {
	fuzzTexts(f, "delta.json", wire.DecodeDelta, wire.AppendDelta)
}
