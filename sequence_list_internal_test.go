package mpreg

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

// ownCodec is one that this package knows nothing of.
type ownCodec struct{ codec.JSON }

func (ownCodec) Name() string { return "own" }

// TestItemList: a list has the very bytes that its codec gives it as a whole,
// whatever the items' codecs.
func TestItemList(t *testing.T) {
	for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}, ownCodec{}} {
		t.Run(fmt.Sprintf("%T", c), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				values := []Value{}
				for _, n := range rapid.SliceOf(rapid.Int()).Draw(t, "items") {
					from := codec.Codec(codec.JSON{})
					if n%2 == 0 {
						from = codec.CBOR{}
					}
					v, err := codec.Encode(from, map[string]int{"n": n})
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, v)
				}
				want, err := codec.Encode(c, values)
				if err != nil {
					t.Fatal(err)
				}
				s := newStreaming(t.Context(), -1, nil)
				s.emit, s.exec.codec, s.exec.node.config.MaxMessageBytes = nil, c, math.MaxInt64
				got, err := s.invoke(func() iter.Seq2[Value, error] { return items(values...) })
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.Bytes(), got.Bytes()); diff != "" || got.Codec().Name() != want.Codec().Name() {
					t.Fatalf("%s and %s (-want +got):\n%s", want.Codec().Name(), got.Codec().Name(), diff)
				}
			})
		})
	}
}

// TestItemListHeads: the array's head in CBOR is as the codec writes it, for each of
// its lengths.
func TestItemListHeads(t *testing.T) {
	for _, n := range []int{0, 1, 23, 24, 255, 256, 65535, 65536, 70000} {
		want, err := codec.Encode(codec.CBOR{}, make([]int, n))
		if err != nil {
			t.Fatal(err)
		}
		s := newStreaming(t.Context(), -1, nil)
		s.emit, s.exec.codec, s.exec.node.config.MaxMessageBytes = nil, codec.CBOR{}, math.MaxInt64
		got, err := s.invoke(func() iter.Seq2[int, error] { return items(make([]int, n)...) })
		if err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%d items: %d bytes and not %d, %v", n, len(got.Bytes()), len(want.Bytes()), err)
		}
	}
	if got, want := cborArrayHead(math.MaxUint32+1), []byte{0x9b, 0, 0, 0, 1, 0, 0, 0, 0}; !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

// TestItemListMemory: a list of many small items takes little more than the bytes
// that it is bounded by.
func TestItemListMemory(t *testing.T) {
	const most = 1 << 20
	for name, test := range map[string]struct {
		codec codec.Codec
		count uint64 // items of one byte until the list is full, the last being too many
		room  int    // bytes of memory that are enough
	}{
		"JSON":  {codec.JSON{}, most/2 + 1, 2 * most},
		"CBOR":  {codec.CBOR{}, most + 1, 2 * most},
		"other": {ownCodec{}, most/(1+valueSize) + 1, 2 * most},
	} {
		l := itemList{codec: test.codec, most: most}
		one, err := codec.Encode(test.codec, 1)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			err = l.add(one)
		}
		e := asError(err)
		if l.count != test.count || e.Code != ResourceExhausted || e.Executed != ExecutedYes || e.Details["max"] != int64(most) {
			t.Errorf("%s: %d items, %v", name, l.count, err)
		}
		const slot = 40 // of a Value
		if room := cap(l.data) + slot*cap(l.values); room > test.room {
			t.Errorf("%s: they take %d bytes", name, room)
		}
	}
}
