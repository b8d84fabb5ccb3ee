package main

import (
	"context"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

var (
	mpregCBOR = contender{name: "mpreg cbor", ours: true, open: mpregOpener(codec.CBOR{})}
	mpregJSON = contender{name: "mpreg json", ours: true, open: mpregOpener(codec.JSON{})}
)

// mpregEcho is an mpreg client and its node: the binary protocol, with values in
// one codec.
type mpregEcho struct {
	closers
	client *mpreg.Client
}

func mpregOpener(c codec.Codec) func(context.Context) (echoer, error) {
	return func(ctx context.Context) (echoer, error) {
		n, err := startEchoNode(ctx, c)
		if err != nil {
			return nil, err
		}
		client, err := n.connect(ctx, c)
		if err != nil {
			return nil, closedBecause(err, n)
		}
		return &mpregEcho{closers{n, client}, client}, nil
	}
}

// startEchoNode runs a node that echoes messages: a typed function, as
// applications have them, which decodes and encodes.
func startEchoNode(ctx context.Context, c codec.Codec) (*node, error) {
	return startNode(ctx, mpreg.Config{}, c, registerEcho)
}

// echoFunction is not the node's own "echo", which passes a value on undecoded.
const echoFunction = "message"

func registerEcho(s *mpreg.Server) error {
	return s.Register(echoFunction, func(m Message) Message { return m })
}

// Echo implements echoer.
func (e mpregEcho) Echo(ctx context.Context, m Message) (Message, error) {
	return mpreg.Call[Message](ctx, e.client, echoFunction, m)
}
