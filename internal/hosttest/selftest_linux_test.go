package hosttest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// talkTo opens a conversation with a greeter, and returns it with the address
// that the greeter sees it come from.
func (h *host) talkTo(address string) (*process, string) {
	h.t.Helper()
	p := h.role("talk", address)
	greeting := p.line()
	from, _, ok := strings.Cut(greeting, ":")
	if !ok || strings.Contains(from, " ") {
		h.t.Fatalf("%s to %s: %s", h.name, address, greeting)
	}
	return p, from
}

// repeats checks that what is said comes back.
func (p *process) repeats(line string) {
	p.t.Helper()
	p.say(line)
	if got := p.line(); got != line {
		p.t.Fatalf("said %q, heard %q", line, got)
	}
}

// refused checks that no connection comes about, and returns why.
func (h *host) refused(address string) string {
	h.t.Helper()
	line := h.role("talk", address).line()
	if !strings.HasPrefix(line, "dial tcp") {
		h.t.Fatalf("%s to %s: want no connection, got %q", h.name, address, line)
	}
	return line
}

// TestHostsReachEachOther: across the switch and its trunk, by their own
// addresses.
func TestHostsReachEachOther(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	a, b, c := n.host("a", west), n.host("b", west), n.host("c", east)
	b.start("greeter", b.at())
	c.start("greeter", c.at())
	for _, to := range []*host{b, c} {
		p, from := a.talkTo(to.at())
		if from != a.address {
			t.Errorf("%s is called from %s, want %s", to.name, from, a.address)
		}
		p.repeats("hello")
	}
	if why := a.refused(a.at()); !strings.Contains(why, "refused") {
		t.Errorf("where nobody listens: %s", why)
	}
}

// TestCable: what is on its way when a cable is pulled is not lost and not
// refused. It comes when the cable is back.
func TestCable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		cut, end func(n *network, h *host)
	}{
		{"of a host", func(_ *network, h *host) { h.unplug() }, func(_ *network, h *host) { h.plug() }},
		{"between the halves", func(n *network, _ *host) { n.cut() }, func(n *network, _ *host) { n.join() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t)
			a, b := n.host("a", west), n.host("b", east)
			b.start("greeter", b.at())
			p, _ := a.talkTo(b.at())
			p.repeats("before")

			c.cut(n, b)
			p.say("meanwhile")
			// Nobody says that b is unreachable but a's own kernel, which gave up
			// asking for its hardware address.
			if why := a.refused(b.at()); !strings.Contains(why, "timeout") && !strings.Contains(why, "no route to host") {
				t.Errorf("while it is cut: %s", why)
			}
			c.end(n, b)
			if got := p.line(); got != "meanwhile" {
				t.Errorf("heard %q", got)
			}
			p.repeats("after")
		})
	}
}

// TestGateway: hosts behind gateways reach the others, who see the gateways,
// and can't be reached.
func TestGateway(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	a := n.host("a", west)
	x, y := n.behindNAT("x", west), n.behindNAT("y", east)
	a.start("greeter", a.at())
	x.start("greeter", x.at())
	seen := make(map[string]bool) // the gateways' addresses
	for _, inner := range []*host{x, y} {
		p, from := inner.talkTo(a.at())
		seen[from] = true
		p.repeats("hello")
	}
	if len(seen) != 2 || seen[privateAddress] {
		t.Errorf("two hosts behind gateways come from %v", seen)
	}
	for gateway := range seen {
		if why := a.refused(gateway + ":" + port); !strings.Contains(why, "refused") {
			t.Errorf("from outside to a gateway: %s", why)
		}
	}
	if why := a.refused(x.at()); !strings.Contains(why, "network is unreachable") {
		t.Errorf("from outside to a host behind: %s", why)
	}
	if why := y.refused(x.at()); !strings.Contains(why, "refused") { // it is y's own address
		t.Errorf("from behind another gateway: %s", why)
	}
}

// TestFailedRelay: who is behind a gateway hears that a connection failed.
func TestFailedRelay(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	a := n.host("a", west)
	x := n.behindNAT("x", west)
	if line := x.role("talk", a.at()).line(); !strings.Contains(line, "connection reset by peer") {
		t.Errorf("to a port where nobody listens: %s", line)
	}
}

// TestLongWay: a relay takes its time, loses nothing and keeps the order.
func TestLongWay(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	a, b := n.host("a", west), n.host("b", east)
	b.start("greeter", b.at())
	way := relay{Listen: b.address + ":1", Dial: b.at(), Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond}
	b.start("relay", way.text())
	p, _ := a.talkTo(way.Listen)
	start := time.Now()
	p.repeats("hello")
	if took := time.Since(start); took < 2*(way.Delay-way.Jitter) {
		t.Errorf("there and back took %v", took)
	}
	for i := range 100 {
		p.say(fmt.Sprint(i))
	}
	for i := range 100 {
		if got := p.line(); got != fmt.Sprint(i) {
			t.Fatalf("line %d is %q", i, got)
		}
	}
}

// TestSweep: what a run left behind that was killed is removed with its
// processes; what a run uses that lives is not.
func TestSweep(t *testing.T) {
	require(t)
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dead := fmt.Sprintf("mpreg-%d-dead", gone.Process.Pid)
	alive := fmt.Sprintf("mpreg-%d-alive", os.Getppid())
	for _, name := range []string{dead, alive} {
		if err := ip("", "netns add "+name); err != nil {
			t.Fatal(err)
		}
		defer remove(name)
	}
	left := exec.CommandContext(t.Context(), "ip", "netns", "exec", dead, "sleep", "600")
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the process is in its namespace", func() (string, bool) {
		out, err := exec.Command("ip", "netns", "pids", dead).CombinedOutput()
		return string(out), err == nil && len(out) > 0
	})

	sweep()
	if err := left.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the process that was left behind: %v", err)
	}
	if _, err := os.Stat(namespaces + dead); !os.IsNotExist(err) {
		t.Errorf("the namespace of a dead run: %v", err)
	}
	if _, err := os.Stat(namespaces + alive); err != nil {
		t.Errorf("the namespace of a run that lives: %v", err)
	}
}
