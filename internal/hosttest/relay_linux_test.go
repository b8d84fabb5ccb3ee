package hosttest_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"
)

// relay passes TCP connections on: as a gateway's address translation, or to
// make a way longer.
type relay struct {
	Listen string

	// Dial is where connections go. If it is empty, they go where each was meant
	// to go: they come from Device, and a route has brought them here.
	Dial, Device string

	// Delay is what each way takes, give or take Jitter. Order is kept.
	Delay, Jitter time.Duration
}

// text is how the relay's process is told.
func (r relay) text() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(text)
}

// runRelay relays until in ends.
func runRelay(text string, in io.Reader, out io.Writer) error {
	var r relay
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	var config net.ListenConfig
	if r.Dial == "" {
		config.Control = r.transparent
	}
	return listen(config, r.Listen, in, out, r.carry)
}

// transparent lets a socket accept, and answer, what is meant for others. Bound to
// the device it takes nothing from the other side, as gateways do: a connection
// to the gateway itself would go round in it for ever.
func (r relay) transparent(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = errors.Join(
			syscall.SetsockoptInt(int(fd), syscall.SOL_IP, syscall.IP_TRANSPARENT, 1),
			syscall.BindToDevice(int(fd), r.Device),
		)
	})
	return errors.Join(err, failed)
}

// carry relays one connection. The kernel has accepted it already; if there is
// no way on, it is reset.
func (r relay) carry(client *net.TCPConn) {
	defer client.Close()
	to := r.Dial
	if to == "" {
		to = client.LocalAddr().String()
	}
	conn, err := net.Dial("tcp4", to)
	if err != nil {
		reset(client)
		return
	}
	defer conn.Close()
	server := conn.(*net.TCPConn)
	var ways sync.WaitGroup
	ways.Go(func() { r.pass(server, client) })
	ways.Go(func() { r.pass(client, server) })
	ways.Wait()
}

// reset closes connections so that their other ends see a failure, no goodbye.
func reset(conns ...*net.TCPConn) {
	for _, c := range conns {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

// chunk is what was read at once, and when it is to be passed on.
type chunk struct {
	data []byte
	due  time.Time
	err  error // the end of the stream
}

// pass relays one direction, up to and including its end. A long way holds a
// bounded amount: then the sender has to wait, as on a slow line.
func (r relay) pass(to, from *net.TCPConn) {
	way := make(chan chunk, 1024)
	go func() {
		defer close(way)
		var last time.Time
		for {
			data := make([]byte, 16<<10)
			n, err := from.Read(data)
			due := time.Now().Add(r.Delay)
			if r.Jitter > 0 {
				due = due.Add(rand.N(2*r.Jitter) - r.Jitter)
			}
			if due.Before(last) {
				due = last
			}
			last = due
			way <- chunk{data[:n], due, err}
			if err != nil {
				return
			}
		}
	}()
	for c := range way {
		<-time.After(time.Until(c.due))
		// Once reset, both connections are closed: the reader ends, and what
		// was on its way is lost.
		if _, err := to.Write(c.data); err != nil {
			reset(to, from)
		}
		switch {
		case c.err == nil:
		case errors.Is(c.err, io.EOF):
			_ = to.CloseWrite()
		default:
			reset(to, from)
		}
	}
}
