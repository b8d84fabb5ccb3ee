package mpregtest

import (
	"time"

	"github.com/mpreg/mpreg"
)

// Option sets up a [Cluster]. An option that is given more than once adds to what
// was given before.
type Option func(*options)

type options struct {
	setups  []func(int, *mpreg.Server) error
	configs []func(int, *mpreg.Config)
	servers []func(int) []mpreg.ServerOption
	seeds   int // how many nodes are named as peers; all if not positive
	latency time.Duration
	noWait  bool
}

// Setup has f called for each new Server before it serves, to register what the
// node of index i offers: again after each [Node.Restart], as a program would. An
// error fails the test.
func Setup(f func(i int, s *mpreg.Server) error) Option {
	return func(o *options) { o.setups = append(o.setups, f) }
}

// Config has f change the configuration of the node of index i, each time that it
// starts. It finds the node's name and its peers' URLs there. The host and the
// port are of no effect.
func Config(f func(i int, cfg *mpreg.Config)) Option {
	return func(o *options) { o.configs = append(o.configs, f) }
}

// ServerOptions has f called for the options of the node of index i, each time that
// it starts. Its listener and its dialer are those of the network in memory,
// whatever f says. Nodes that have [mpreg.WithTLS] are reached at wss://node-0 and
// so on: [Config] then has to say so of their peers.
func ServerOptions(f func(i int) []mpreg.ServerOption) Option {
	return func(o *options) { o.servers = append(o.servers, f) }
}

// Seeds has each node be told of the first n nodes only: Seeds(1) of node-0, which
// is told of nobody. They find the others by these. Zero, or a negative number, is
// what is so without the option: each is told of all others. The last Seeds that is
// given counts.
//
//	c := mpregtest.NewCluster(t, 20, mpregtest.Seeds(2))
func Seeds(n int) Option {
	return func(o *options) { o.seeds = n }
}

// Latency has all connections of the cluster, those of clients too, take d one way:
// bytes, and the end of a connection, arrive that much later, and a dial takes twice
// that. That a node is killed is known at once all the same. Without the option, and
// if d is not positive, there is none. The last Latency that is given counts.
func Latency(d time.Duration) Option {
	return func(o *options) { o.latency = d }
}

// NoWait has [NewCluster] return when the nodes serve, for those that are not to
// know each other: because [Config] gave them no peers, or other cluster ids.
// [Cluster.WaitConverged] would fail.
func NoWait() Option {
	return func(o *options) { o.noWait = true }
}
