package mpreg_test

import (
	"sync"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// payload is the message that the project's benchmarks agree on.
type payload struct {
	Name string
	N    int
	Data [100]byte
}

// BenchmarkEcho calls a typed function over loopback, JSON on the wire: one
// call in flight on the connection, and 64.
func BenchmarkEcho(b *testing.B) {
	s := serve(b, mpreg.Config{})
	must(b, s.Register("typed", func(p payload) payload { return p }))
	c := connect(b, s.URL())
	must(b, c.Ready(b.Context()))
	b.Run("callers=1", func(b *testing.B) { echoFrom(b, c, 1) })
	b.Run("callers=64", func(b *testing.B) { echoFrom(b, c, 64) })
}

// BenchmarkNodeClient is BenchmarkEcho without a connection.
func BenchmarkNodeClient(b *testing.B) {
	for _, row := range []struct {
		name  string
		codec codec.Codec
	}{{"json", codec.JSON{}}, {"cbor", codec.CBOR{}}} {
		b.Run(row.name, func(b *testing.B) {
			s := serve(b, mpreg.Config{}, mpreg.WithCodec(row.codec))
			must(b, s.Register("typed", func(p payload) payload { return p }))
			echoFrom(b, s.Client(), 1)
		})
	}
}

// echoFrom shares b.N calls among callers.
func echoFrom(b *testing.B, c *mpreg.Client, callers int) {
	b.ReportAllocs()
	want := payload{Name: "benchmark", N: 42}
	calls := make(chan struct{}, callers)
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for range calls {
				got, err := mpreg.Call[payload](b.Context(), c, "typed", want)
				if err != nil || got != want {
					b.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	for b.Loop() {
		calls <- struct{}{}
	}
	close(calls)
	running.Wait()
}

// BenchmarkGraph has a chain of three commands executed, over loopback and
// within the node.
func BenchmarkGraph(b *testing.B) {
	s := serve(b, mpreg.Config{})
	must(b, s.Register("add1", func(n int) int { return n + 1 }))
	for _, row := range []struct {
		name   string
		client *mpreg.Client
	}{{"socket", connect(b, s.URL())}, {"node", s.Client()}} {
		b.Run(row.name, func(b *testing.B) {
			must(b, row.client.Ready(b.Context()))
			r := mpreg.NewRequest()
			last := r.Add("add1", r.Add("add1", r.Add("add1", 1)))
			b.ReportAllocs()
			for b.Loop() {
				response, err := row.client.Do(b.Context(), r)
				must(b, err)
				if n, err := mpreg.Get[int](response, last); err != nil || n != 4 {
					b.Fatalf("got %d, %v", n, err)
				}
			}
		})
	}
}
