package main

import "context"

// contender is a way to have a message echoed over one connection on loopback. To
// add one is to write its file and to name it in contenders.
type contender struct {
	name string
	ours bool // an mpreg protocol: its ratios to all others are printed
	lone bool // has one call in flight at a time, and is left out of what needs more

	// open starts a server and connects to it.
	open func(ctx context.Context) (echoer, error)
}

// echoer is an open connection to a server that echoes.
type echoer interface {
	// Echo sends m and returns what came back. Calls are concurrent, unless the
	// contender is lone.
	Echo(ctx context.Context, m Message) (Message, error)

	// Close ends the connection and the server, and waits for both.
	Close() error
}

// baseline is the contender that the others are compared with in the first place:
// everybody has it.
const baseline = "net/rpc"

var contenders = []contender{
	mpregCBOR,
	mpregJSON,
	mpregText,
	netRPC,
	jsonRPC,
	rawTCP,
}
