package mpreg

import (
	"context"

	"github.com/mpreg/mpreg/internal/wire"
)

// receiver takes what comes before the response of a request: the items of a
// stream, and events. Its methods are called one at a time, by the goroutine that
// waits for the response.
type receiver interface {
	// item takes an item of a stream. It may wait: no more items are under way then
	// than the request's window allows. After an error the request is canceled, and
	// the error is what its caller gets.
	item(ctx context.Context, v Value) error
	event(e *wire.Event)
}
