package link_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/link"
)

// BenchmarkFrameEcho is BenchmarkLinkEcho with frames.
func BenchmarkFrameEcho(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			e := newEchoing(b, callers)
			b.ReportAllocs()
			b.ResetTimer()
			var group sync.WaitGroup
			for c := range callers {
				n := (b.N + c) / callers // sums up to b.N
				group.Go(func() {
					for range n {
						e.call(c)
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// BenchmarkFrameLatency is the round trip of 128 bytes on a link that is idle, or carries
// large frames in one direction as fast as it can.
func BenchmarkFrameLatency(b *testing.B) {
	for _, bulk := range []string{"idle", "bulk=up", "bulk=down"} {
		b.Run(bulk, func(b *testing.B) {
			e := newEchoing(b, 1)
			ctx, stop := context.WithCancel(b.Context())
			var sender sync.WaitGroup
			if bulk != "idle" {
				from := e.client
				if bulk == "bulk=down" {
					from = e.server
				}
				data := make([]byte, 100<<20)
				data[0] = largeKind
				sender.Go(func() {
					for from.Send(ctx, link.Frame, data) == nil {
						e.bulk.Add(int64(len(data)))
					}
				})
			}
			took := make([]time.Duration, 0, b.N)
			for b.Loop() {
				start := time.Now()
				e.call(0)
				took = append(took, time.Since(start))
			}
			stop()
			sender.Wait()
			slices.Sort(took)
			b.ReportMetric(micros(took[len(took)/2]), "µs-p50")
			b.ReportMetric(micros(took[len(took)*99/100]), "µs-p99")
			b.ReportMetric(micros(took[len(took)-1]), "µs-max")
			b.ReportMetric(float64(e.bulk.Load())/1e6/b.Elapsed().Seconds(), "bulk-MB/s")
		})
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// BenchmarkFrameBulk is BenchmarkLinkBulk in chunks.
func BenchmarkFrameBulk(b *testing.B) {
	for _, from := range []string{"client", "server"} {
		b.Run("from="+from, func(b *testing.B) {
			cfg := link.Config{Framed: framed}
			receiver, sender := newHost(b, cfg, false).link(b, cfg)
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
				if err := sender.Send(context.Background(), link.Frame, data); err != nil {
					b.Fatal(err)
				}
				if n := <-got; n != len(data) {
					b.Fatalf("%d bytes arrived", n)
				}
			}
		})
	}
}

// echoing is a link whose server end sends every small frame back.
type echoing struct {
	b              testing.TB
	server, client *link.Link
	replies        []chan struct{}
	bulk           atomic.Int64
	joining        sync.WaitGroup
}

const (
	smallKind = byte(2)
	largeKind = 4
)

func newEchoing(b testing.TB, callers int) *echoing {
	cfg := link.Config{Framed: framed, MaxMessage: 128 << 20, QueueBytes: 128 << 20}
	server, client := newHost(b, cfg, false).link(b, cfg)
	e := &echoing{b: b, server: server, client: client}
	for range callers {
		e.replies = append(e.replies, make(chan struct{}, 1))
	}
	b.Cleanup(e.joining.Wait)
	serve(b, server, joiner{e, func(k link.Kind, d []byte) {
		if err := server.TrySend(k, d); err != nil {
			b.Error(err)
		}
	}})
	serve(b, client, joiner{e, func(_ link.Kind, d []byte) { e.replies[d[2]] <- struct{}{} }})
	return e
}

// joiner is a handler of frames that has large ones joined.
type joiner struct {
	*echoing
	handler
}

// Large implements link.LargeHandler.
func (j joiner) Large(f *link.Large) { j.joining.Go(func() { f.Join() }) }

func (e *echoing) call(caller int) {
	var data [128]byte
	data[0], data[2] = smallKind, byte(caller)
	if err := e.client.Send(context.Background(), link.Frame, data[:]); err != nil {
		e.b.Error(err)
		return
	}
	<-e.replies[caller]
}
