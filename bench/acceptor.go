package main

import (
	"context"
	"net"
	"sync"
)

// acceptor is a TCP server on a free port of the loopback interface.
type acceptor struct {
	listener net.Listener
	serving  sync.WaitGroup
}

// accept starts a server that has each connection served by serve, which returns
// when the client has closed the connection.
func accept(ctx context.Context, serve func(net.Conn)) (*acceptor, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &acceptor{listener: l}
	a.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			a.serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	return a, nil
}

// dial connects to the server. The connection has to be closed before it is.
func (a *acceptor) dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", a.listener.Addr().String())
}

// Close stops accepting and waits until all connections were served.
func (a *acceptor) Close() error {
	err := a.listener.Close()
	a.serving.Wait()
	return err
}
