package mpreg_test

import (
	"context"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestDrainWhileDialing: an attempt to dial a peer that does not answer holds up
// no drain.
func TestDrainWhileDialing(t *testing.T) {
	l, url := testkit.Listen(t)
	defer l.Close()
	s := testkit.NewServer(t, mpreg.Config{Name: "s", Peers: []string{url}, DrainTimeout: 2 * time.Second})
	stop := testkit.Run(t, s)
	c, err := l.Accept()
	testkit.Must(t, err)
	defer c.Close()
	if err := stop(); err != nil { // nothing ran, so the deadline is of no concern
		t.Error(err)
	}
}

// TestGreetedWhileDraining: who says HELLO too late is told to go elsewhere.
func TestGreetedWhileDraining(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	started, release := make(chan struct{}), make(chan struct{})
	testkit.Must(t, s.Register("wait", func() { close(started); <-release }))
	stop := testkit.Run(t, s)
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	call := testkit.Later(func() (struct{}, error) {
		_, err := s.Client().Call(context.Background(), "wait")
		return struct{}{}, err
	})
	<-started
	stopped := testkit.Later(func() (struct{}, error) { return struct{}{}, stop() })
	testkit.Eventually(t, "drains", func() bool { return s.Members()[0].State == "left" })
	p.greet(clientHello())
	p.send(callFrame(t, 1, "echo", 1))
	h, _, err := p.next()
	if err == nil && h.Kind != wire.KindGoaway {
		t.Errorf("want GOAWAY behind HELLO, got %v", h.Kind)
	}
	close(release)
	<-call
	_ = p.ws.Close()
	<-stopped
}
