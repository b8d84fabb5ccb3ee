package main

import (
	"context"
	"fmt"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// The functions of a node that takes and gives large values.
const (
	nextFunction   = "next"   // an int → the one after it: a small call
	sinkFunction   = "sink"   // a value → the length of its bytes
	sourceFunction = "source" // → the store's value
)

// store is a value of some size, to be sent to a node or fetched from it. It is
// encoded once: the link is measured, and not the codec.
type store struct{ value mpreg.Value }

func newStore(size int) (store, error) {
	v, err := codec.Encode(codec.CBOR{}, make([]byte, size))
	return store{v}, err
}

func (s store) register(n *mpreg.Server) error {
	for name, fn := range map[string]any{
		nextFunction:   func(n int) int { return n + 1 },
		sinkFunction:   func(v mpreg.Value) int { return len(v.Bytes()) },
		sourceFunction: func() mpreg.Value { return s.value },
	} {
		if err := n.Register(name, fn); err != nil {
			return err
		}
	}
	return nil
}

// send returns the operation that sends the value to a node.
func (s store) send(c *mpreg.Client) operation {
	return func(ctx context.Context) error {
		n, err := mpreg.Call[int](ctx, c, sinkFunction, s.value)
		if want := len(s.value.Bytes()); err == nil && n != want {
			err = fmt.Errorf("of %d bytes %d arrived", want, n)
		}
		return err
	}
}

// fetch returns the operation that fetches the value from a node.
func (s store) fetch(c *mpreg.Client) operation {
	return func(ctx context.Context) error {
		v, err := c.Call(ctx, sourceFunction)
		if got, want := len(v.Bytes()), len(s.value.Bytes()); err == nil && got != want {
			err = fmt.Errorf("of %d bytes %d arrived", want, got)
		}
		return err
	}
}

// next returns a small call.
func next(c *mpreg.Client) operation {
	return func(ctx context.Context) error {
		n, err := mpreg.Call[int](ctx, c, nextFunction, 41)
		if err == nil && n != 42 {
			err = fmt.Errorf("after 41 comes %d", n)
		}
		return err
	}
}
