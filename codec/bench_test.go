package codec_test

import (
	"strings"
	"testing"

	"github.com/mpreg/mpreg/codec"
)

type echo struct {
	Name string    `json:"name"`
	N    int       `json:"n"`
	Data [100]byte `json:"data"`
}

var (
	benchEcho = &echo{Name: "a name", N: 42}
	benchTree = map[string]any{
		"id": int64(12345), "name": "something", "score": 0.75, "tags": []any{"a", "b", "c"},
		"nested": map[string]any{"ok": true, "none": nil, "list": []any{int64(1), 2.5, "three"}},
	}
)

func BenchmarkAppend(b *testing.B) {
	for _, c := range codecs {
		for _, bench := range []struct {
			name string
			v    any
		}{
			{"int", 123456}, {"float", 1.5}, {"string", "a string of some length"}, {"struct", benchEcho}, {"tree", benchTree},
			{"value", encode(b, c, benchTree)}, {"matrix", [][]float64{{1, 2, 3}, {4, 5, 6}}},
		} {
			b.Run(c.Name()+"/"+bench.name, func(b *testing.B) {
				buf := make([]byte, 0, 4096)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Append(buf, bench.v); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range codecs {
		var (
			n int
			f float64
			s string
			x any
			e echo
			v codec.Value
			h struct {
				Score  float64        `json:"score"`
				Nested map[string]any `json:"nested"`
			}
		)
		for _, bench := range []struct {
			name string
			data []byte
			dst  any
		}{
			{"int", encode(b, c, 123456).Bytes(), &n},
			{"float", encode(b, c, 1.5).Bytes(), &f},
			{"string", encode(b, c, "a string of some length").Bytes(), &s},
			{"struct", encode(b, c, benchEcho).Bytes(), &e},
			{"tree", encode(b, c, benchTree).Bytes(), &x},
			{"value", encode(b, c, benchTree).Bytes(), &v},
			{"struct with any", encode(b, c, benchTree).Bytes(), &h},
		} {
			b.Run(c.Name()+"/"+bench.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(bench.data)))
				for b.Loop() {
					if err := c.Decode(bench.data, bench.dst); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkFind(b *testing.B) {
	for _, c := range codecs {
		data := encode(b, c, benchTree).Bytes()
		b.Run(c.Name(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, _, ok := c.(codec.Walker).Find(data, "nested", "list", "2"); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkStrings(b *testing.B) {
	for name, data := range map[string][]byte{
		"tree": encode(b, codec.JSON{}, benchTree).Bytes(),
		"long": encode(b, codec.JSON{}, []any{strings.Repeat("text ", 20_000)}).Bytes(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				for span := range (codec.JSON{}).Strings(data) {
					if span.End > len(data) {
						b.Fatal(span)
					}
				}
			}
		})
	}
}

func BenchmarkTranscode(b *testing.B) {
	v := encode(b, codec.JSON{}, benchTree)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.In(codec.CBOR{}); err != nil {
			b.Fatal(err)
		}
	}
}
