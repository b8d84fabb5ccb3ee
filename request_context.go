package mpreg

import (
	"context"
	"sync"
	"time"
)

// requestContext is the context of a request that came in on a link. It is part of
// the request's own allocation and needs no place in the tree of contexts below
// the link's: the link's session ends its requests one by one. The standard
// library's contexts take nine allocations for the same.
type requestContext struct {
	values context.Context // what Serve was called with has these
	early  *pendingRequest // is told when the context ends before the request; may be nil

	mu       sync.Mutex
	deadline time.Time
	timer    *time.Timer
	done     chan struct{} // made when it is asked for
	err      error         // context.Canceled or context.DeadlineExceeded
	cause    error         // what mpreg itself knows of it
	after    []*afterFunc
}

// afterFunc is a function that waits for the end of a context.
type afterFunc struct{ f func() }

// requestContextKey finds the requestContext above a context.
type requestContextKey struct{}

// Deadline implements context.Context.
func (c *requestContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deadline, !c.deadline.IsZero()
}

// Done implements context.Context.
func (c *requestContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	return c.done
}

// Err implements context.Context.
func (c *requestContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Value implements context.Context.
func (c *requestContext) Value(key any) any {
	if _, ok := key.(requestContextKey); ok {
		return c
	}
	return c.values.Value(key)
}

// AfterFunc is what the context package looks for in a context that is not its
// own: without it each derived context would have a goroutine that waits.
func (c *requestContext) AfterFunc(f func()) (stop func() bool) {
	a := &afterFunc{f}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.after = append(c.after, a)
	return func() bool { return c.forget(a) }
}

// forget removes a function that waits, and reports whether it still did.
func (c *requestContext) forget(a *afterFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.after {
		if other == a {
			last := len(c.after) - 1
			c.after[i], c.after[last] = c.after[last], nil
			c.after = c.after[:last]
			return true
		}
	}
	return false
}

// expireIn sets the deadline.
func (c *requestContext) expireIn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = time.Now().Add(d)
	if c.err == nil {
		c.timer = time.AfterFunc(d, func() { c.end(context.DeadlineExceeded, nil) })
	}
}

// end ends the context, unless that was done. The functions that wait for it run
// in goroutines of their own, as those of the context package do.
func (c *requestContext) end(err, cause error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err, c.cause = err, cause
	if c.done != nil {
		close(c.done)
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	after := c.after
	c.after = nil
	early := c.early
	if early != nil {
		early.telling.Add(1)
	}
	c.mu.Unlock()
	for _, a := range after {
		go a.f()
	}
	if early != nil {
		go early.interrupt()
	}
}

// awaitEarly ends the early answer's interest in the context, and waits for one that
// is on its way.
func (c *requestContext) awaitEarly() {
	c.mu.Lock()
	early := c.early
	c.early = nil
	c.mu.Unlock()
	if early != nil {
		early.telling.Wait()
	}
}

// endCause is context.Cause, also for contexts below a requestContext.
func endCause(ctx context.Context) error {
	if c, ok := ctx.Value(requestContextKey{}).(*requestContext); ok {
		c.mu.Lock()
		cause := c.cause
		c.mu.Unlock()
		if cause != nil {
			return cause
		}
	}
	return context.Cause(ctx)
}
