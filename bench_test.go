package mpreg_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// payload is the message that the project's benchmarks agree on.
type payload struct {
	Name string
	N    int
	Data [100]byte
}

// codecs are those that values are measured in.
var codecs = map[string]codec.Codec{"json": codec.JSON{}, "cbor": codec.CBOR{}}

// BenchmarkEcho calls a typed function over loopback: one call in flight on the
// connection, and 64.
func BenchmarkEcho(b *testing.B) {
	for name, c := range codecs {
		s := testkit.Serve(b, mpreg.Config{})
		testkit.Must(b, s.Register("typed", func(p payload) payload { return p }))
		client := testkit.Connect(b, s.URL(), mpreg.WithCodec(c))
		testkit.Must(b, client.Ready(b.Context()))
		b.Run(name+"/callers=1", func(b *testing.B) { echoFrom(b, client, 1) })
		b.Run(name+"/callers=64", func(b *testing.B) { echoFrom(b, client, 64) })
	}
}

// BenchmarkRelay is BenchmarkEcho through a node that lacks the function.
func BenchmarkRelay(b *testing.B) {
	for name, c := range codecs {
		far := testkit.Serve(b, mpreg.Config{})
		testkit.Must(b, far.Register("typed", func(p payload) payload { return p }))
		near := testkit.Serve(b, mpreg.Config{Peers: []string{far.URL()}})
		testkit.Acquainted(b, near, far)
		client := testkit.Connect(b, near.URL(), mpreg.WithCodec(c))
		testkit.Must(b, client.Ready(b.Context()))
		b.Run(name+"/callers=1", func(b *testing.B) { echoFrom(b, client, 1) })
		b.Run(name+"/callers=64", func(b *testing.B) { echoFrom(b, client, 64) })
	}
}

// BenchmarkNodeClient is BenchmarkEcho without a connection.
func BenchmarkNodeClient(b *testing.B) {
	for name, c := range codecs {
		b.Run(name, func(b *testing.B) {
			s := testkit.Serve(b, mpreg.Config{}, mpreg.WithCodec(c))
			testkit.Must(b, s.Register("typed", func(p payload) payload { return p }))
			echoFrom(b, s.Client(), 1)
		})
	}
}

// echoFrom shares b.N calls among callers.
func echoFrom(b *testing.B, c *mpreg.Client, callers int) {
	b.ReportAllocs()
	want := payload{Name: "benchmark", N: 42}
	var begun atomic.Int64
	var running sync.WaitGroup
	b.ResetTimer()
	for range callers {
		running.Go(func() {
			for begun.Add(1) <= int64(b.N) {
				got, err := mpreg.Call[payload](b.Context(), c, "typed", want)
				if err != nil || got != want {
					b.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	running.Wait()
}

// BenchmarkGraph has a chain of three commands executed, over loopback and
// within the node.
func BenchmarkGraph(b *testing.B) {
	s := testkit.Serve(b, mpreg.Config{})
	testkit.Must(b, s.Register("add1", func(n int) int { return n + 1 }))
	for _, row := range []struct {
		name   string
		client *mpreg.Client
	}{{"socket", testkit.Connect(b, s.URL())}, {"node", s.Client()}} {
		b.Run(row.name, func(b *testing.B) {
			testkit.Must(b, row.client.Ready(b.Context()))
			r := mpreg.NewRequest()
			last := r.Add("add1", r.Add("add1", r.Add("add1", 1)))
			b.ReportAllocs()
			for b.Loop() {
				response, err := row.client.Do(b.Context(), r)
				testkit.Must(b, err)
				if n, err := mpreg.Get[int](response, last); err != nil || n != 4 {
					b.Fatalf("got %d, %v", n, err)
				}
			}
		})
	}
}
