package mpreg

import "sync"

// maxIdleWorkers bounds the goroutines that wait for work.
const maxIdleWorkers = 256

// pool runs requests in goroutines that it uses again: a new goroutine has to
// grow its stack in each request anew, which takes longer than handing a request
// to one that has. There are as many as requests run, and some that wait. The
// zero pool is ready.
type pool struct {
	running sync.WaitGroup

	mu     sync.Mutex
	idle   []chan task // what came last goes first: its stack is in the cache
	closed bool
}

// task is what a worker does.
type task interface{ work() }

// do has t done in a goroutine. It never waits.
func (w *pool) do(t task) {
	w.mu.Lock()
	n := len(w.idle)
	if n == 0 {
		w.mu.Unlock()
		w.running.Go(func() { w.work(t) })
		return
	}
	tasks := w.idle[n-1]
	w.idle = w.idle[:n-1]
	w.mu.Unlock()
	tasks <- t // has room: whoever is idle has no other
}

// work is a worker's life. A function that ends its goroutine ends the worker
// too, which is not idle then, and not missed.
func (w *pool) work(t task) {
	tasks := make(chan task, 1)
	for t != nil {
		t.work()
		if !w.rest(tasks) {
			return
		}
		t = <-tasks
	}
}

// rest makes a worker idle, unless there are enough of them.
func (w *pool) rest(tasks chan task) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.idle) >= maxIdleWorkers {
		return false
	}
	w.idle = append(w.idle, tasks)
	return true
}

// close lets the idle workers go, and the others when they are done. Nothing is
// done after it.
func (w *pool) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, tasks := range w.idle {
		close(tasks)
	}
	w.idle = nil
}
