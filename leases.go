package mpreg

import (
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// lent is a result that is held here for a coordinator.
type lent struct {
	to    string     // its id, if it asked itself; else the lease ends by its time alone
	token wire.Token // set under the server's mu
}

// lease keeps a result here for the node with the id to, and returns what stands
// for it; the result itself if there is no room. The node does not stop before the
// lease has ended.
func (s *Server) lease(v Value, d time.Duration, to string) Value {
	size := int64(len(v.Bytes()))
	l := &lent{to: to}
	ended := func() {
		s.mu.Lock()
		delete(s.lent, l)
		s.mu.Unlock()
		s.requests.Done()
	}
	s.mu.Lock()
	s.lent[l] = struct{}{}
	s.requests.Add(1) // within a request: the count is not 0
	s.mu.Unlock()
	token, err := s.leases.Put(v, d, ended)
	if err != nil {
		ended()
		return v // there is no room
	}
	s.mu.Lock()
	l.token = token
	s.mu.Unlock()
	return (&wire.Lease{Node: s.id, Token: token, Size: size}).Value()
}

// forgive ends the leases of a coordinator that is dead: nobody will release them.
func (s *Server) forgive(node string) {
	var tokens []wire.Token
	s.mu.Lock()
	for l := range s.lent {
		if l.to == node {
			tokens = append(tokens, l.token)
		}
	}
	s.mu.Unlock()
	for _, t := range tokens {
		s.leases.Release(t)
	}
}

// release has a lease ended by the node that holds it. If no link leads there it
// ends by itself.
func (c *cluster) release(l *wire.Lease) {
	if l.Node == c.self.id {
		c.self.leases.Release(l.Token)
		return
	}
	c.tellNode(l.Node, func(f *wire.Frame) { f.Release(l.Token) })
}

// renew has a lease last for d from now on.
func (c *cluster) renew(l *wire.Lease, d time.Duration) {
	if l.Node == c.self.id {
		c.self.leases.Renew(l.Token, d)
		return
	}
	c.tellNode(l.Node, func(f *wire.Frame) { f.Renew(l.Token, d) })
}

// tellNode sends a frame that is not answered to a node, if there is a link.
func (c *cluster) tellNode(id string, fill func(*wire.Frame)) {
	if m := c.byID(id); m != nil {
		if s := m.best.Load(); s != nil {
			s.peer.try(fill)
		}
	}
}

// hold leaves a large result here, if whoever asked allows that.
func (r *pendingRequest) hold(e *execution, result *wire.Result) {
	keep := e.request.Keep
	if keep > 0 && int64(len(result.Value.Bytes())) > keep && e.origin.node != "" && e.forwarded.Load() == 0 {
		to := e.origin.node
		if e.origin.hops > 1 {
			to = "" // who passed it on does not coordinate
		}
		result.Value = r.session.server.lease(result.Value, e.request.KeepFor, to)
	}
}

// letGo ends the leases of a response that did not reach its caller.
func (s *Server) letGo(response *wire.Response) {
	for i := range response.Results {
		if held := wire.LeaseOf(response.Results[i].Value); held != nil {
			s.cluster.release(held)
		}
	}
}
