package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/mpreg/mpreg"
)

// A node that is started in the background listens some moments later. A script
// that calls it in the next line should not have to loop.
const (
	startTime  = 2 * time.Second        // how long a node is given to listen
	retryPause = 100 * time.Millisecond // between looks at what the client's last attempt ended with
)

// patiently makes a call within the target's timeout. While nobody listens there
// it repeats it, until startTime is over, and returns what the last one ended
// with. A call that could not connect was not sent, so that none is made twice.
// What a node answered, even to refuse, is taken at once.
func (t *target) patiently(ctx context.Context, client *mpreg.Client, call func(context.Context) error) error {
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(t.Timeout))
		defer cancel()
	}
	starting, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := call(ctx)
		if !mayStart(err) || !wait(starting, client) {
			return err
		}
	}
}

// wait lets some time pass, less if the client is connected before, and reports
// whether another call makes sense.
func wait(ctx context.Context, client *mpreg.Client) bool {
	pause, cancel := context.WithTimeout(ctx, retryPause)
	defer cancel()
	return client.Ready(pause) == nil || ctx.Err() == nil
}

// mayStart reports whether a call failed because there was no node yet. A host
// that is not known will not be in two seconds either.
func mayStart(err error) bool {
	if !unreachable(err) {
		return false
	}
	_, unknown := errors.AsType[*net.DNSError](err)
	return !unknown
}

// unreachable reports whether a call failed because no connection could be
// opened.
func unreachable(err error) bool {
	e, ok := errors.AsType[*mpreg.Error](err)
	if !ok || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo {
		return false
	}
	network, ok := errors.AsType[*net.OpError](err)
	return ok && network.Op == "dial"
}
