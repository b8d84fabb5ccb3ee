package main

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// heapWatch notes how large the heap of this process gets. The zero heapWatch is
// ready.
type heapWatch struct {
	mu   sync.Mutex
	peak uint64
	stop chan struct{} // nil if it does not watch
	done sync.WaitGroup
}

// begin starts to watch, from a heap without garbage.
func (w *heapWatch) begin() {
	w.end()
	runtime.GC()
	w.mu.Lock()
	defer w.mu.Unlock()
	stop := make(chan struct{})
	w.peak, w.stop = heapBytes(), stop
	w.done.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				w.note(heapBytes())
			}
		}
	})
}

// end stops to watch, and returns the most bytes that were on the heap.
func (w *heapWatch) end() uint64 {
	w.mu.Lock()
	if w.stop != nil {
		close(w.stop)
		w.stop = nil
		w.peak = max(w.peak, heapBytes())
	}
	w.mu.Unlock()
	w.done.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.peak
}

func (w *heapWatch) note(bytes uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peak = max(w.peak, bytes)
}

// heapBytes returns what is on the heap, garbage included: MemStats.HeapAlloc, which
// would stop all goroutines.
func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
