package main

import (
	"context"
	"io"
	"net"
	"net/rpc"
)

var netRPC = contender{name: baseline, open: rpcOpener((*rpc.Server).ServeConn, rpc.NewClient)}

// rpcService is what net/rpc and net/rpc/jsonrpc serve.
type rpcService struct{}

// Echo is called by net/rpc.
func (rpcService) Echo(m *Message, reply *Message) error {
	*reply = *m
	return nil
}

// rpcEcho is a client of net/rpc and its server.
type rpcEcho struct {
	closers
	client *rpc.Client
}

// rpcOpener takes how a connection is served, and how a client is made of it: the
// protocols of net/rpc differ in that.
func rpcOpener(serve func(*rpc.Server, io.ReadWriteCloser), client func(io.ReadWriteCloser) *rpc.Client) func(context.Context) (echoer, error) {
	return func(ctx context.Context) (echoer, error) {
		server := rpc.NewServer()
		if err := server.RegisterName("Service", rpcService{}); err != nil {
			return nil, err
		}
		a, err := accept(ctx, func(c net.Conn) { serve(server, c) })
		if err != nil {
			return nil, err
		}
		conn, err := a.dial(ctx)
		if err != nil {
			return nil, closedBecause(err, a)
		}
		c := client(conn)
		return &rpcEcho{closers{a, c}, c}, nil
	}
}

// Echo implements echoer. Package rpc knows no contexts.
func (e *rpcEcho) Echo(_ context.Context, m Message) (Message, error) {
	var reply Message
	err := e.client.Call("Service.Echo", &m, &reply)
	return reply, err
}
