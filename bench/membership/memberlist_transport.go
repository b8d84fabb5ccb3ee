package main

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// transport is memberlist's own NetTransport on a host: its UDP socket and its TCP
// listener, with the host's cables and counters in between.
type transport struct {
	*memberlist.NetTransport
	host     *host
	packets  chan *memberlist.Packet
	streams  chan net.Conn
	stopping sync.Once
	stopped  chan struct{}
	passing  sync.WaitGroup
}

var _ memberlist.NodeAwareTransport = (*transport)(nil)

// transportHelpers is how many goroutines of a transport NetTransport alone would not
// have.
const transportHelpers = 2

func newTransport(h *host) (*transport, error) {
	inner, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
		BindAddrs: []string{hostIP(h.number).String()},
		Logger:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	})
	if err != nil {
		return nil, err
	}
	t := &transport{
		NetTransport: inner, host: h,
		packets: make(chan *memberlist.Packet), streams: make(chan net.Conn),
		stopped: make(chan struct{}),
	}
	t.passing.Go(t.passPackets)
	t.passing.Go(t.passStreams)
	return t, h.own(t)
}

// passPackets hands on what comes over whole cables.
func (t *transport) passPackets() {
	for {
		select {
		case p := <-t.NetTransport.PacketCh():
			if !t.reaches(p.From.String()) {
				continue
			}
			select {
			case t.packets <- p:
			case <-t.stopped:
				return
			}
		case <-t.stopped:
			return
		}
	}
}

// passStreams makes the connections the host's.
func (t *transport) passStreams() {
	for {
		select {
		case c := <-t.NetTransport.StreamCh():
			other := t.host.network.hostAt(c.RemoteAddr().String())
			if other < 0 {
				_ = c.Close() // it is nobody's
				continue
			}
			mine, err := t.host.adopt(c, other)
			if err != nil {
				continue
			}
			select {
			case t.streams <- mine:
			case <-t.stopped:
				_ = mine.Close() // nobody has used it
				return
			}
		case <-t.stopped:
			return
		}
	}
}

// reaches reports whether the cable between the host and an address is whole.
func (t *transport) reaches(address string) bool {
	n := t.host.network
	other := n.hostAt(address)
	return other >= 0 && n.cables.Load().reach(t.host.number, other)
}

// WriteTo implements memberlist.Transport.
func (t *transport) WriteTo(b []byte, address string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: address})
}

// WriteToAddress implements memberlist.NodeAwareTransport.
func (t *transport) WriteToAddress(b []byte, to memberlist.Address) (time.Time, error) {
	if !t.reaches(to.Addr) {
		return time.Now(), nil // nobody tells who sends a packet that it is lost
	}
	t.host.network.sent.Add(int64(len(b)))
	return t.NetTransport.WriteToAddress(b, to)
}

// DialTimeout implements memberlist.Transport.
func (t *transport) DialTimeout(address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return t.host.dial(ctx, "tcp", address)
}

// DialAddressTimeout implements memberlist.NodeAwareTransport.
func (t *transport) DialAddressTimeout(to memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(to.Addr, timeout)
}

// PacketCh implements memberlist.Transport.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh implements memberlist.Transport.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// Shutdown implements memberlist.Transport. The inner transport's goroutines end
// only while theirs is taken, so the helpers go last.
func (t *transport) Shutdown() error {
	var err error
	t.stopping.Do(func() {
		err = t.NetTransport.Shutdown()
		close(t.stopped)
		t.passing.Wait()
	})
	return err
}

// Close is Shutdown, for the host that kills it.
func (t *transport) Close() error { return t.Shutdown() }
