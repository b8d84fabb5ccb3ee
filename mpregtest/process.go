package mpregtest

import (
	"context"

	"github.com/mpreg/mpreg"
)

// process is one life of a node: a Server, and what ends it.
type process struct {
	server *mpreg.Server
	host   *host
	output *output

	serving context.Context // ends when the server is to drain
	stop    context.CancelFunc
	life    context.Context // ends when the process is killed
	die     context.CancelFunc

	done chan struct{} // closed when Serve has returned
	err  error         // and what it returned
}

// newProcess makes the server of the node of that index, and registers what it
// offers. It listens, but does not serve.
func newProcess(c *Cluster, index int, name string) (*process, error) {
	p := &process{output: &output{to: c.t.Output()}, done: make(chan struct{})}
	cfg := mpreg.Config{Name: name, Peers: c.peers(index)}
	for _, f := range c.options.configs {
		f(index, &cfg)
	}
	opts := []mpreg.ServerOption{mpreg.WithLogger(p.output.logger()), mpreg.WithInterceptors(p.mortal)}
	for _, f := range c.options.servers {
		opts = append(opts, f(index)...)
	}
	p.host = c.network.join(name)
	opts = append(opts, mpreg.WithListener(p.host.listen()), mpreg.WithDialer(p.host.dial))
	var err error
	if p.server, err = mpreg.NewServer(cfg, opts...); err != nil {
		return nil, err
	}
	for _, f := range c.options.setups {
		if err := f(index, p.server); err != nil {
			return nil, err
		}
	}
	p.serving, p.stop = context.WithCancel(context.Background())
	p.life, p.die = context.WithCancel(context.Background())
	return p, nil
}

// serve runs the server. It is the process's goroutine.
func (p *process) serve() {
	p.err = p.server.Serve(p.serving)
	p.stop()
	p.die()
	p.output.close() // a function that was abandoned could log after the test
	close(p.done)
}

// kill makes the server end as soon as it can. It does not wait for it.
func (p *process) kill() {
	p.die()
	p.stop()
}

// mortal ends the contexts of functions with the process. Those that were called
// over a link end with that; a call from within the node would keep the dead
// server in its drain.
func (p *process) mortal(next mpreg.Invoker) mpreg.Invoker {
	return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(p.life, cancel)()
		v, err := next(ctx, inv)
		if err != nil && p.life.Err() != nil {
			return mpreg.Value{}, mpreg.Errorf(mpreg.Unavailable, "the node was killed while the function ran")
		}
		return v, err
	}
}
