package mpregtest

import (
	"io"
	"log/slog"
	"sync"
)

// output passes log lines on to the test until it must not be written to any
// more.
type output struct {
	mu     sync.Mutex
	to     io.Writer
	closed bool
}

func (o *output) logger() *slog.Logger { return slog.New(slog.NewTextHandler(o, nil)) }

func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return len(line), nil
	}
	return o.to.Write(line)
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}
