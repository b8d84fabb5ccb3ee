package mpreg

import (
	"cmp"
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

	// Ignoring counts, by function, the calls that go on a second and more after
	// their context has ended.
	Ignoring map[string]int `json:"ignoring,omitempty"`

	Leases  LeaseCounts  `json:"leases"`
	Members MemberCounts `json:"members"`
	Seeds   []Seed       `json:"seeds,omitempty"` // the configured peers
}

// LeaseCounts says what a node keeps of results that commands elsewhere use.
type LeaseCounts struct {
	Count       int   `json:"count"` // results
	MemoryBytes int64 `json:"memory_bytes"`
	DiskBytes   int64 `json:"disk_bytes"` // in temporary files
}

// Provider is a node that offers a function, as mpreg.providers lists it.
type Provider struct {
	ID   string `json:"id"`
	Name string `json:"name"`
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
		"mpreg.providers": Func(func(function string, locs ...string) []Provider { return s.cluster.providers(function, locs) },
			Idempotent(), Doc("Lists the nodes that offer a function with all of some locs, by name; none is no error.")),
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

// describe describes the offers of a function, of this node and of others. One
// that can't be asked is left out, unless nothing would be left.
func (s *Server) describe(ctx context.Context, name string) ([]Description, error) {
	if d := s.builtins.Describe(name); len(d) > 0 {
		return d, nil
	}
	list := s.Describe(name)
	var failure error
	if call, _ := ctx.Value(callKey{}).(*callContext); call != nil && call.exec.origin.node == "" { // else that node asks the others
		for _, id := range s.cluster.routes.Holders(name) {
			more, err := Call[[]Description](ctx, FromContext(ctx).With(OnNode(id)), "mpreg.describe", name)
			if err != nil {
				failure = err
			}
			list = append(list, more...)
		}
	}
	slices.SortStableFunc(list, func(a, b Description) int {
		return cmp.Or(cmp.Compare(len(a.Locs), len(b.Locs)), slices.Compare(a.Locs, b.Locs))
	})
	list = slices.CompactFunc(list, func(a, b Description) bool {
		return slices.Equal(a.Locs, b.Locs) && a.Signature == b.Signature
	})
	if len(list) == 0 && failure == nil {
		failure = notFound(name, nil, nil)
	}
	if len(list) > 0 {
		failure = nil
	}
	return list, failure
}

func (s *Server) status() Status {
	state := "running"
	if s.draining() {
		state = "draining"
	}
	leases := s.leases.Stats()
	return Status{
		Node: s.Name(), NodeID: s.ID(), Cluster: s.config.ClusterID, URL: s.URL(), State: state,
		UptimeSeconds: time.Since(s.started).Seconds(),
		Links:         s.linkCount(),
		InFlight:      s.inFlight.Load(),
		Functions:     s.count(),
		Goroutines:    runtime.NumGoroutine(),
		Ignoring:      s.ignored.count(),
		Leases:        LeaseCounts{Count: leases.Leases, MemoryBytes: leases.Memory, DiskBytes: leases.Disk},
		Members:       s.cluster.count(),
		Seeds:         s.cluster.seedList(),
	}
}
