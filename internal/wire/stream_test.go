package wire_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// written holds messages that only nodes send against the vectors of a file.
func written[T any](t *testing.T, file, role string, write func([]byte, T) ([]byte, string, error)) {
	for _, v := range vectors(t, file) {
		t.Run(v.Name, func(t *testing.T) {
			got, u, err := write([]byte("kept"), load[T](t, v.Decoded))
			if err != nil || string(got) != "kept"+string(v.Message) {
				t.Errorf("%v\n got %s\nwant %s", err, got, v.Message)
			}
			if h := wire.Sniff([]byte(v.Message)); h.Role != role || h.U != u {
				t.Errorf("sniffed %+v", h)
			}
		})
	}
}

func TestAppendItemVectors(t *testing.T) {
	type item struct {
		U    string      `json:"u"`
		Name string      `json:"name"`
		N    int64       `json:"n"`
		Item formOfValue `json:"item"`
	}
	written(t, "item.json", wire.RoleItem, func(dst []byte, in item) ([]byte, string, error) {
		out, err := wire.AppendItem(dst, in.U, in.Name, in.N, in.Item.Value, 0)
		return out, in.U, err
	})
}

func TestAppendEventVectors(t *testing.T) {
	type event struct {
		U     string      `json:"u"`
		Event *wire.Event `json:"event"`
	}
	written(t, "event.json", wire.RoleEvent, func(dst []byte, in event) ([]byte, string, error) {
		out, err := wire.AppendEvent(dst, in.U, in.Event)
		return out, in.U, err
	})
}

// TestAppendItemLimit: an item is refused if, and only if, its message would be
// larger than the limit.
func TestAppendItemLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, name, item := names.Draw(t, "u"), names.Draw(t, "name"), values.Draw(t, "item")
		whole, err := wire.AppendItem(nil, u, name, 7, item, 0)
		if err != nil {
			t.Fatal(err)
		}
		size := int64(len(whole))
		if got, err := wire.AppendItem([]byte("kept"), u, name, 7, item, size); err != nil || string(got) != "kept"+string(whole) {
			t.Fatalf("%v\n got %s\nwant %s", err, got, whole)
		}
		_, err = wire.AppendItem([]byte("kept"), u, name, 7, item, size-1)
		e, ok := err.(*wire.Error)
		if !ok || e.Code != wire.ResourceExhausted {
			t.Fatalf("got %v", err)
		}
		if diff := cmp.Diff(map[string]any{"limit": "message_bytes", "max": size - 1}, e.Details); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// TestAppendItemCodecs: an item of another codec is sent as JSON, and where that
// has no form for it the error names the command.
func TestAppendItemCodecs(t *testing.T) {
	got, err := wire.AppendItem(nil, "1", "c", 0, codec.Raw(codec.CBOR{}, []byte{0x82, 0x01, 0xf9, 0x3c, 0x00}), 0)
	if want := `{"role":"rpc-item","u":"1","name":"c","n":0,"item":[1,1.0]}`; err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	nan, err := codec.Encode(codec.CBOR{}, math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	for says, v := range map[string]codec.Value{"the item can't be sent as JSON": nan, "held by another node": someLease.Value()} {
		_, err := wire.AppendItem(nil, "1", "c", 0, v, 0)
		if e := wireError(t, err); e.Code != wire.Internal || !strings.Contains(e.Message, says) || e.Details["command"] != "c" {
			t.Errorf("got %v, %v", e, e.Details)
		}
	}
}

// TestAppendEventNumbers: a time that is none is not sent.
func TestAppendEventNumbers(t *testing.T) {
	for _, n := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, event := range []*wire.Event{{Name: "c", AtMS: n}, {Name: "c", What: wire.EventFailed, DurationMS: n}} {
			_, err := wire.AppendEvent(nil, "1", event)
			if e := wireError(t, err); e.Code != wire.Internal || e.Details["command"] != "c" {
				t.Errorf("%v: got %v, %v", n, e, e.Details)
			}
		}
	}
}

func TestAckVectors(t *testing.T) {
	type ack struct {
		U string `json:"u"`
		N int    `json:"n"`
	}
	run(t, "ack.json", wire.DecodeAck,
		func(t *testing.T, data []byte) *wire.Ack { return (*wire.Ack)(new(load[ack](t, data))) }, nil)
}
