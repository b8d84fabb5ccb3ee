package wire_test

import (
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

const (
	smallRequest = `{"role":"rpc","u":"1z","cmds":[{"name":"echo","fun":"echo","args":[{"name":"a small call","n":7}]}],"refs":"explicit","timeout_ms":999.25}`

	chainRequest = `{"role":"rpc","u":"1z","refs":"explicit","cmds":[` +
		`{"name":"img","fun":"decode","args":["data"]},` +
		`{"name":"cls","fun":"classify","args":[null],"refs":{"/args/0":["img"]},"locs":["gpu"]},` +
		`{"name":"out","fun":"describe","args":[null,2],"refs":{"/args/0":["cls","tags",0]},"kwargs":{"lang":"en"}}]}`

	smallResponse = `{"role":"rpc-response","u":"1z","r":{"echo":{"name":"a small call","n":7}},"error":null}`
)

func BenchmarkDecodeRequest(b *testing.B) {
	for name, message := range map[string]string{"small": smallRequest, "chain of 3": chainRequest} {
		b.Run(name, func(b *testing.B) {
			data := []byte(message)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := wire.DecodeRequest(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	for name, message := range map[string]string{"small": smallRequest, "chain of 3": chainRequest} {
		b.Run(name, func(b *testing.B) {
			r, err := wire.DecodeRequest([]byte(message))
			if err != nil {
				b.Fatal(err)
			}
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				if buf, err = wire.AppendRequest(buf[:0], r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	r := &wire.Response{U: "1z", Results: []wire.Result{
		{Name: "echo", Value: codec.Raw(nil, []byte(`{"name":"a small call","n":7}`))},
	}}
	var buf []byte
	var err error
	b.ReportAllocs()
	for b.Loop() {
		if buf, err = wire.AppendResponse(buf[:0], r, wire.MaxMessage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeResponse(b *testing.B) {
	data := []byte(smallResponse)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := wire.DecodeResponse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSniff(b *testing.B) {
	data := []byte(smallRequest)
	b.ReportAllocs()
	for b.Loop() {
		if h := wire.Sniff(data); h.U != "1z" {
			b.Fatal(h)
		}
	}
}
