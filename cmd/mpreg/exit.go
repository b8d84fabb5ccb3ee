package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// The exit statuses. A shell script repeats what ended with exitNotExecuted, and
// must think before it repeats what ended with exitFailed.
const (
	exitOK          = 0
	exitFailed      = 1   // the node failed, or the call did, and its function may have run
	exitUsage       = 2   // the command line, a file or the configuration is wrong
	exitNotExecuted = 3   // the call failed, and surely no function has run
	exitSignal      = 128 // and the signal's number, as shells have it
)

// usageError is what the user can repair without looking at the cluster.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// interrupted is why a context ended: by a signal.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string { return fmt.Sprintf("interrupted: %v", i.signal) }

func (i interrupted) status() int {
	if n, ok := i.signal.(syscall.Signal); ok {
		return exitSignal + int(n)
	}
	return exitFailed
}

// exitStatus is for what a command ended with that ran in ctx.
func exitStatus(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if i, ok := errors.AsType[interrupted](context.Cause(ctx)); ok && errors.Is(err, context.Canceled) {
		return i.status()
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if failure, ok := errors.AsType[*callFailure](err); ok {
		return failure.status()
	}
	return exitFailed
}
