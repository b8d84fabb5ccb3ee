package mpreg

import (
	"context"
	"slices"
)

// Member is a node of the cluster, as the answering node knows it.
type Member struct {
	ID          string         `json:"id"` // a ULID
	Name        string         `json:"name"`
	Incarnation int64          `json:"incarnation"` // grows with each start; Unix time in ms
	State       string         `json:"state"`       // "alive" or "left"
	URLs        []string       `json:"urls"`
	Resources   []string       `json:"resources"`
	Functions   []FunctionInfo `json:"functions"`
}

// target is something that can run a command: a function of this node, or the
// link to a node that has it.
type target interface {
	run(ctx context.Context, call *callContext) (Value, error)
}

// cluster knows who can run what. It knows of this node alone; what nodes tell
// each other about themselves is to be fed in here, and routing chooses from it.
type cluster struct {
	self *Server
}

// route chooses who runs a command: a node that offers the function and all
// locs, and is the one that was asked for if one was. The error says what is
// missing.
func (c *cluster) route(function string, locs []string, node string) (target, error) {
	s := c.self
	if node != "" && node != s.ID() && node != s.Name() {
		return nil, newError(NotFound, ExecutedNo, "no node has the id or the name %q", node)
	}
	resources := s.Resources()
	if o := s.builtins.match(function, locs, resources); o != nil {
		return o, nil
	}
	if o := s.match(function, locs, resources); o != nil {
		return o, nil
	}
	if reserved(function) {
		return nil, s.builtins.notFound(function, locs, resources)
	}
	return nil, s.notFound(function, locs, resources)
}

// members lists the nodes of the cluster, this one first.
func (c *cluster) members() []Member {
	s := c.self
	state := "alive"
	if s.draining() {
		state = "left"
	}
	return []Member{{
		ID: s.ID(), Name: s.Name(), Incarnation: s.started.UnixMilli(), State: state,
		URLs: s.advertised(), Resources: slices.Clone(s.Resources()), Functions: s.Functions(),
	}}
}

// run makes an offer of this node a target.
func (o *offer) run(ctx context.Context, call *callContext) (Value, error) {
	call.fn = o.fn
	return call.exec.node.runLocal(ctx, call)
}
