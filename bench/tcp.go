package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

var rawTCP = contender{name: "raw tcp, 128 B", lone: true, open: openTCP}

// tcpEcho sends 128 bytes to and fro: what the system takes without any protocol.
type tcpEcho struct {
	closers
	conn net.Conn
	ping [128]byte
	pong [128]byte
}

func openTCP(ctx context.Context) (echoer, error) {
	a, err := accept(ctx, func(c net.Conn) {
		var buf [128]byte
		for {
			if _, err := io.ReadFull(c, buf[:]); err != nil {
				return // closed
			}
			if _, err := c.Write(buf[:]); err != nil {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return nil, closedBecause(err, a)
	}
	return &tcpEcho{closers: closers{a, conn}, conn: conn}, nil
}

// Echo implements echoer. Nothing is encoded: bytes stand for the message.
func (e *tcpEcho) Echo(_ context.Context, m Message) (Message, error) {
	binary.LittleEndian.PutUint64(e.ping[:], uint64(m.N))
	copy(e.ping[8:], m.Data[:])
	if _, err := e.conn.Write(e.ping[:]); err != nil {
		return Message{}, err
	}
	if _, err := io.ReadFull(e.conn, e.pong[:]); err != nil {
		return Message{}, err
	}
	if e.pong != e.ping {
		return Message{}, fmt.Errorf("%x came back as %x", e.ping, e.pong)
	}
	return m, nil
}
