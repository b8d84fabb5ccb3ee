package main

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

func newTestDelegates(n int) (*board, []*delegate) {
	b := newBoard(n)
	delegates := make([]*delegate, n)
	for i := range delegates {
		delegates[i] = newDelegate(i, b, 4, func() int { return n })
	}
	return b, delegates
}

// all reports whether the viewers have a version of a node's catalog.
func (b *board) all(version uint64, member int, viewers ...int) bool {
	return b.expect(viewers, []int{member}, func(_ int, c cell) bool { return c.version == version }).isMet()
}

// TestDelegatePushPull has a catalog go on to who has never met its owner.
func TestDelegatePushPull(t *testing.T) {
	b, d := newTestDelegates(3)
	d[1].MergeRemoteState(d[0].LocalState(true), true)
	d[2].MergeRemoteState(d[1].LocalState(false), false)
	if !b.all(1, 0, 1, 2) || !b.all(1, 1, 2) || b.all(1, 2, 0) {
		t.Errorf("the board has %+v", b.cells)
	}
	if got, want := d[2].catalogs[0].text, text(catalogOf(0)); got != want {
		t.Errorf("the catalog became\n%s", got)
	}
	d[0].offer(offer{"f", "x"})
	d[1].MergeRemoteState(d[0].LocalState(false), false)
	d[1].MergeRemoteState(d[2].LocalState(false), false) // older news
	if !b.all(2, 0, 1) || d[1].catalogs[0] != d[0].catalogs[0] {
		t.Errorf("node 1 has version %d", d[1].catalogs[0].version)
	}
}

// TestDelegateChange has a change passed on once, by who can use it.
func TestDelegateChange(t *testing.T) {
	b, d := newTestDelegates(3)
	d[1].MergeRemoteState(d[0].LocalState(true), true)
	if got := d[0].offer(offer{"f", "x"}); got != 2 {
		t.Fatalf("version %d after the first change", got)
	}
	messages := d[0].GetBroadcasts(3, 1000)
	if len(messages) != 1 {
		t.Fatalf("%d messages", len(messages))
	}
	message := bytes.Clone(messages[0])
	for range 2 {
		d[1].NotifyMsg(messages[0])
	}
	clear(messages[0]) // memberlist uses its buffers again
	d[2].NotifyMsg(message)
	if !b.all(2, 0, 1) || !b.all(0, 0, 2) {
		t.Errorf("the board has %+v", b.cells)
	}
	if d[1].catalogs[0] != d[0].catalogs[0] {
		t.Error("the catalogs differ")
	}
	if got := d[1].GetBroadcasts(3, 1000); len(got) != 1 || !bytes.Equal(got[0], message) {
		t.Errorf("passes on %q", got)
	}
	if got := d[2].GetBroadcasts(3, 1000); len(got) != 0 {
		t.Errorf("passes on what it can't use: %q", got)
	}
}

func TestDelegateEvents(t *testing.T) {
	b, d := newTestDelegates(2)
	d[0].NotifyJoin(&memberlist.Node{Name: nodeName(1)})
	d[0].NotifyJoin(&memberlist.Node{Name: "a stranger"})
	if c := b.cells[1]; !c.alive {
		t.Errorf("after joining %+v", c)
	}
	d[0].NotifyLeave(&memberlist.Node{Name: nodeName(1)})
	if c := b.cells[1]; c.alive || b.died() != 1 {
		t.Errorf("after leaving %+v", c)
	}
}

func FuzzCutCatalog(f *testing.F) {
	f.Add(appendCatalog(nil, 3, 7, "f x\n"))
	f.Add(appendCatalog(appendCatalog(nil, 0, 1, ""), 9, 1<<63, "g"))
	f.Add([]byte{1, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, src []byte) {
		c, rest, err := cutCatalog(src, 10)
		if err != nil {
			return
		}
		if c.node < 0 || c.node >= 10 {
			t.Fatalf("node %d of 10", c.node)
		}
		again, none, err := cutCatalog(appendCatalog(nil, c.node, c.version, string(c.text)), 10)
		if err != nil || len(none) > 0 || again.node != c.node || again.version != c.version || !bytes.Equal(again.text, c.text) {
			t.Fatalf("%+v became %+v, %v", c, again, err)
		}
		if len(rest) >= len(src) {
			t.Fatalf("%d of %d bytes are left", len(rest), len(src))
		}
	})
}

// TestTransport sends packets and streams over cables that are cut and mended.
func TestTransport(t *testing.T) {
	n := newNetwork(2)
	a, b := newTestTransport(t, n, 0), newTestTransport(t, n, 1)
	to := b.address(t)
	send := func(text string) {
		t.Helper()
		if _, err := a.WriteTo([]byte(text), to); err != nil {
			t.Fatal(err)
		}
	}
	n.freeze(1)
	send("lost")
	n.heal()
	send("found") // the first that arrives, as the socket keeps the order
	select {
	case p := <-b.PacketCh():
		if string(p.Buf) != "found" || n.hostAt(p.From.String()) != 0 {
			t.Errorf("got %q from %v", p.Buf, p.From)
		}
	case <-time.After(patience):
		t.Fatal("no packet")
	}
	c, err := a.DialTimeout(to, patience)
	if err != nil {
		t.Fatal(err)
	}
	var accepted net.Conn
	select {
	case accepted = <-b.StreamCh():
	case <-time.After(patience):
		t.Fatal("no stream")
	}
	write(t, c, "stream")
	expectRead(t, accepted, "stream")
	if got := n.sent.Load(); got != int64(len("found")+len("stream")) {
		t.Errorf("%d bytes were counted", got)
	}
	n.kill(1)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a killed host's stream goes on")
	}
	if _, err := a.DialTimeout(to, patience); err == nil {
		t.Error("a killed host listens")
	}
}

func newTestTransport(t *testing.T, n *network, host int) *transport {
	t.Helper()
	tr, err := newTransport(n.hosts[host])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

func (t *transport) address(tb testing.TB) string {
	ip, port, err := t.FinalAdvertiseAddr("", 0)
	if err != nil {
		tb.Fatal(err)
	}
	return (&net.TCPAddr{IP: ip, Port: port}).String()
}
