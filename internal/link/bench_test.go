package link_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/mpreg/mpreg/internal/link"
)

// BenchmarkLinkEcho is messages of 128 bytes there and back, over loopback: what a
// call costs below its protocol. A time per operation at 64 callers is the inverse of
// the throughput.
func BenchmarkLinkEcho(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			server, client := newHost(b, link.Config{}, false).link(b, link.Config{})
			serve(b, server, handler(func(k link.Kind, d []byte) {
				if err := server.TrySend(k, d); err != nil {
					b.Error(err)
				}
			}))
			replies := make([]chan struct{}, callers)
			for i := range replies {
				replies[i] = make(chan struct{}, 1)
			}
			serve(b, client, handler(func(_ link.Kind, d []byte) { replies[d[0]] <- struct{}{} }))
			b.ReportAllocs()
			b.ResetTimer()
			var group sync.WaitGroup
			for c := range callers {
				n := (b.N + c) / callers // sums up to b.N
				group.Go(func() {
					data := make([]byte, 128)
					data[0] = byte(c)
					for range n {
						if err := client.Send(context.Background(), link.Binary, data); err != nil {
							b.Error(err)
							return
						}
						<-replies[c]
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// BenchmarkTCPEcho is the same without a link: what loopback itself costs.
func BenchmarkTCPEcho(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	var echo sync.WaitGroup
	echo.Go(func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		data := make([]byte, 128)
		for err == nil {
			if _, err = io.ReadFull(c, data); err == nil {
				_, err = c.Write(data)
			}
		}
	})
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, 128)
	for b.Loop() {
		if _, err := c.Write(data); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, data); err != nil {
			b.Fatal(err)
		}
	}
	_ = c.Close()
	echo.Wait()
}

// BenchmarkLinkBulk is messages of 16 MiB one way. From the client every byte is masked.
func BenchmarkLinkBulk(b *testing.B) {
	for _, from := range []string{"client", "server"} {
		b.Run("from="+from, func(b *testing.B) {
			receiver, sender := newHost(b, link.Config{}, false).link(b, link.Config{})
			if from == "server" {
				receiver, sender = sender, receiver
			}
			got := make(chan int, 1)
			serve(b, receiver, handler(func(_ link.Kind, d []byte) { got <- len(d) }))
			serve(b, sender, handler(func(link.Kind, []byte) {}))
			data := make([]byte, 16<<20)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := sender.Send(context.Background(), link.Binary, data); err != nil {
					b.Fatal(err)
				}
				if n := <-got; n != len(data) {
					b.Fatalf("%d bytes arrived", n)
				}
			}
		})
	}
}
