package mpreg

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"time"
)

// reserved reports whether a name belongs to the functions that every node has.
func reserved(name string) bool {
	return strings.HasPrefix(name, reservedPrefix) || slices.Contains([]string{"echo", "echos", "list_peers"}, name)
}

// Status is what mpreg.status returns: one node's condition.
type Status struct {
	Node          string  `json:"node"`
	NodeID        string  `json:"node_id"`
	Cluster       string  `json:"cluster_id"`
	URL           string  `json:"url"`
	State         string  `json:"state"` // "running" or "draining"
	UptimeSeconds float64 `json:"uptime_seconds"`
	Links         int     `json:"links"`      // open websockets
	InFlight      int64   `json:"in_flight"`  // requests that run, this one included
	Functions     int     `json:"functions"`  // offers registered, the node's own aside
	Goroutines    int     `json:"goroutines"` // of the whole process
}

// registerBuiltins fills the registry of the functions that every node has.
func (s *Server) registerBuiltins() error {
	for name, fn := range map[string]*Function{
		"echo":  Func(func(x Value) Value { return x }, Idempotent(), Doc("Returns its argument.")),
		"echos": Func(func(x ...Value) []Value { return x }, Idempotent(), Doc("Returns its arguments as a list.")),
		"mpreg.peers": Func(func() []Member { return s.Members() }, Idempotent(),
			Doc("Lists the members of the cluster.")),
		"list_peers": Func(func() []Member { return s.Members() }, Idempotent(),
			Doc("Lists the members of the cluster, as mpreg.peers does.")),
		"mpreg.functions": Func(s.cluster.functions, Idempotent(),
			Doc("Lists the functions that the cluster offers.")),
		"mpreg.describe": Func(s.describe, Idempotent(),
			Doc("Describes the offers of a function, with JSON Schemas of its parameters and its result.")),
		"mpreg.status": Func(func() Status { return s.status() }, Idempotent(),
			Doc("Tells the condition of the node that answers.")),
	} {
		if err := s.builtins.register(name, fn, nil); err != nil {
			return err
		}
	}
	return nil
}

// describe describes a function of this node or, if it has none of that name, as
// another node describes it that does.
func (s *Server) describe(ctx context.Context, name string) ([]Description, error) {
	for _, r := range []*Registry{&s.builtins, &s.Registry} {
		if d := r.Describe(name); len(d) > 0 {
			return d, nil
		}
	}
	groups := s.cluster.routes.of(name)
	call, _ := ctx.Value(callKey{}).(*callContext)
	if len(groups) == 0 || call == nil || call.exec.origin.node != "" { // another node asks because this one has it
		return nil, notFound(name, nil, nil)
	}
	return Call[[]Description](ctx, FromContext(ctx).With(OnNode(groups[0].places[0].member.id)), "mpreg.describe", name)
}

func (s *Server) status() Status {
	state := "running"
	if s.draining() {
		state = "draining"
	}
	return Status{
		Node: s.Name(), NodeID: s.ID(), Cluster: s.config.ClusterID, URL: s.URL(), State: state,
		UptimeSeconds: time.Since(s.started).Seconds(),
		Links:         s.linkCount(),
		InFlight:      s.inFlight.Load(),
		Functions:     len(s.Functions()),
		Goroutines:    runtime.NumGoroutine(),
	}
}
