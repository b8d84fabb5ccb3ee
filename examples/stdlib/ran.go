package main

import (
	"context"
	"os"

	"github.com/mpreg/mpreg"
)

// Place is where a command ran.
type Place struct {
	Node string `json:"node"` // its name
	PID  int    `json:"pid"`
}

// Ran is a function's result with the place where it was made: told by the
// function, not by who called it, so that it is what happened.
type Ran[T any] struct {
	Place
	Result T `json:"result"`
}

// ran adds to a result where ctx's command runs: here.
func ran[T any](ctx context.Context, result T) Ran[T] {
	return Ran[T]{Place{Node: mpreg.InfoFromContext(ctx).Node, PID: os.Getpid()}, result}
}
