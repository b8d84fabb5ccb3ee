package wire_test

import (
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// smallCall is what a benchmark of calls sends: about 150 bytes of CBOR.
func smallCall(tb testing.TB) *wire.Request {
	arg, err := codec.Encode(codec.CBOR{}, map[string]any{"Name": "Ada", "N": 42, "Data": make([]byte, 100)})
	if err != nil {
		tb.Fatal(err)
	}
	return &wire.Request{
		U: "123456", TimeoutMS: 5000,
		Commands: []wire.Command{{Name: "echo", Function: "echo", Args: []codec.Value{arg}}},
	}
}

func BenchmarkFrameRequest(b *testing.B) {
	r := smallCall(b)
	var f wire.Frame
	var parts [][]byte
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Request(123456, r); err != nil {
			b.Fatal(err)
		}
		parts = f.Parts(parts[:0])
	}
}

func BenchmarkDecodeFrameRequest(b *testing.B) {
	var f wire.Frame
	if err := f.Request(123456, smallCall(b)); err != nil {
		b.Fatal(err)
	}
	frame := joined(&f)
	b.ReportAllocs()
	for b.Loop() {
		h, body, _ := wire.DecodeFrameHead(frame)
		if _, err := wire.DecodeFrameRequest(h, body, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFrameResponse(b *testing.B) {
	r := &wire.Response{Results: []wire.Result{{Value: smallCall(b).Commands[0].Args[0]}}}
	var f wire.Frame
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Response(123456, r, wire.MaxMessage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeFrameResponse(b *testing.B) {
	var f wire.Frame
	r := &wire.Response{Results: []wire.Result{{Value: smallCall(b).Commands[0].Args[0]}}}
	if err := f.Response(123456, r, 0); err != nil {
		b.Fatal(err)
	}
	frame := joined(&f)
	b.ReportAllocs()
	for b.Loop() {
		h, body, _ := wire.DecodeFrameHead(frame)
		if _, err := wire.DecodeFrameResponse(h, body, nil); err != nil {
			b.Fatal(err)
		}
	}
}
