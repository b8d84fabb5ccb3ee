package hosttest_test

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// half is a half of a network's switch.
type half string

const (
	west half = "west"
	east half = "east"
)

// The addresses are those that are set aside for examples (RFC 5737): 192.0.2.0/24
// is the network, and 198.51.100.0/24 what each gateway has behind it.
const (
	hostAddress    = "192.0.2."
	noAddress      = hostAddress + "200" // of nobody: who dials it hears nothing
	gatewayAddress = "198.51.100.1"
	privateAddress = "198.51.100.2"
)

// network is an Ethernet without any way out. Its methods fail the test.
type network struct {
	t         *testing.T
	prefix    string // of its namespaces' names
	switcher  string // the switch's namespace
	hosts     int
	directory string // where programs run, empty
}

var networks atomic.Int32

// newNetwork builds a network that is removed at the test's end, or skips the
// test. Its switch has two halves, each a bridge, joined by a trunk.
func newNetwork(t *testing.T) *network {
	t.Helper()
	require(t)
	n := &network{t: t, prefix: fmt.Sprintf("%s%d-", prefix(), networks.Add(1)), directory: t.TempDir()}
	n.switcher = n.namespace("switch")
	n.ip(n.switcher,
		"link add name west type bridge",
		"link add name east type bridge",
		"link set dev west up",
		"link set dev east up",
		"link add name trunk-west type veth peer name trunk-east",
		"link set dev trunk-west master west up",
		"link set dev trunk-east master east up",
	)
	return n
}

func (n *network) ip(namespace string, lines ...string) {
	n.t.Helper()
	if err := ip(namespace, lines...); err != nil {
		n.t.Fatal(err)
	}
}

func (n *network) namespace(name string) string {
	n.t.Helper()
	name = n.prefix + name
	n.ip("", "netns add "+name)
	n.t.Cleanup(func() { remove(name) })
	n.ip(name, "link set dev lo up")
	return name
}

// cut parts the halves of the switch: frames between them are lost.
func (n *network) cut() { n.t.Helper(); n.ip(n.switcher, "link set dev trunk-west down") }

// join ends a cut.
func (n *network) join() { n.t.Helper(); n.ip(n.switcher, "link set dev trunk-west up") }

// host is a machine in a network.
type host struct {
	t         *testing.T
	net       *network
	name      string
	namespace string
	address   string

	gateway     *host    // nil if others can reach the address
	translation *process // on the gateway
}

// host plugs a new host into a half of the switch. Its name is also that of the
// port: at most 15 bytes.
func (n *network) host(name string, at half) *host {
	n.t.Helper()
	n.hosts++
	h := &host{t: n.t, net: n, name: name, address: fmt.Sprint(hostAddress, n.hosts)}
	h.namespace = n.namespace(name)
	n.ip(n.switcher,
		fmt.Sprintf("link add name %s type veth peer name eth0 netns %s", name, h.namespace),
		fmt.Sprintf("link set dev %s master %s up", name, at),
	)
	n.ip(h.namespace,
		fmt.Sprintf("address add %s/24 dev eth0", h.address),
		"link set dev eth0 up",
	)
	return h
}

// unplug pulls the host's cable out of the switch.
func (h *host) unplug() { h.t.Helper(); h.net.ip(h.net.switcher, "link set dev "+h.name+" down") }

// plug puts it back.
func (h *host) plug() { h.t.Helper(); h.net.ip(h.net.switcher, "link set dev "+h.name+" up") }

// behindNAT returns a new host with a private address, which other such hosts
// have too, behind a gateway of its own. Connections that it opens to the hosts'
// port come from the gateway's address; nobody else has a route to it.
//
// The gateway takes all that comes from inside for its own, by a route, and a
// relay there accepts each connection in the name of whom it is meant for.
// That is what a packet filter would do, without one.
func (n *network) behindNAT(name string, at half) *host {
	n.t.Helper()
	gateway := n.host(name+"-gw", at)
	h := &host{t: n.t, net: n, name: name, address: privateAddress, namespace: n.namespace(name), gateway: gateway}
	n.ip(gateway.namespace,
		"link add name inside type veth peer name eth0 netns "+h.namespace,
		"address add "+gatewayAddress+"/24 dev inside",
		"link set dev inside up",
		"rule add iif inside lookup 100",
		"route add local "+hostAddress+"0/24 dev lo table 100",
	)
	n.ip(h.namespace,
		"address add "+privateAddress+"/24 dev eth0",
		"link set dev eth0 up",
		"route add default via "+gatewayAddress,
	)
	h.startGateway()
	return h
}

func (h *host) startGateway() {
	h.t.Helper()
	h.translation = h.gateway.start("relay", relay{Listen: "0.0.0.0:" + port, Device: "inside"}.text())
}

// restartGateway makes the host's gateway forget all connections.
func (h *host) restartGateway() {
	h.t.Helper()
	h.translation.kill()
	h.startGateway()
}
