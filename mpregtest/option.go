package mpregtest

import "github.com/mpreg/mpreg"

// Option sets up a [Cluster]. An option that is given more than once adds to what
// was given before.
type Option func(*options)

type options struct {
	setups  []func(int, *mpreg.Server) error
	configs []func(int, *mpreg.Config)
	servers []func(int) []mpreg.ServerOption
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

// NoWait has [NewCluster] return when the nodes serve, for those that are not to
// know each other: because [Config] gave them no peers, or other cluster ids. [Cluster.Wait] would
// fail.
func NoWait() Option {
	return func(o *options) { o.noWait = true }
}
