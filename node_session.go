package mpreg

import (
	"context"
	"time"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// A session of a link that carries frames is the owner of its peer.

// greet sends this node's HELLO. Whoever dialed speaks first; the other answers
// when it has accepted that.
func (s *session) greet() {
	if hello := s.hi(); hello != nil {
		if err := s.peer.write(context.Background(), hello, nil); err != nil {
			s.log.Debug("HELLO not sent", "err", err)
		}
	}
}

// hi returns this node's HELLO; nil if it can't be written.
func (s *session) hi() *wire.Frame {
	node := s.server
	h := newHello(node.options.codec, node.config.MaxMessageBytes)
	h.Node, h.Name, h.Incarnation = node.id, node.Name(), node.started.UnixMilli()
	h.Cluster, h.URLs = node.config.ClusterID, node.advertised()
	f := new(wire.Frame)
	if err := f.Hello(h); err != nil {
		s.log.Error("the node's HELLO can't be written", "err", err)
		s.link.Abort(err)
		return nil
	}
	return f
}

// hello implements owner.
func (s *session) hello(h *wire.Hello) {
	if s.known() != nil {
		s.receive(h)
		return
	}
	if h.Auth == "" {
		s.turnAway(h, newError(Unauthenticated, ExecutedNo, "this node asks for a token: give one by mpreg.WithToken, in the Authorization header or in HELLO"))
		return
	}
	s.running.Go(func() {
		if refusal := s.logIn(h.Auth); refusal != nil {
			s.peer.reject(refusal)
			return
		}
		s.receive(h)
	})
}

// receive accepts whoever said HELLO, or not.
func (s *session) receive(h *wire.Hello) {
	if err := s.vet(h); err != nil {
		s.turnAway(h, err)
		return
	}
	if s.dialed {
		if err := s.server.cluster.join(s, h); err != nil {
			s.turnAway(h, err)
			return
		}
		s.leaveIfDraining()
		return
	}
	hello := s.hi()
	if hello == nil {
		return
	}
	s.peer.welcome() // what the other end sends as soon as it has our HELLO is to be welcome
	s.peer.tryFrame(hello)
	s.join(h) // what this end sends to a member comes after it
	s.leaveIfDraining()
}

// leaveIfDraining says what a drain that began before the two ends were
// acquainted could not say.
func (s *session) leaveIfDraining() {
	if s.server.draining() {
		s.retire(wire.GoawayDraining, "the node is draining")
	}
}

func (s *session) join(h *wire.Hello) {
	if h.Node == "" {
		return
	}
	if err := s.server.cluster.join(s, h); err != nil {
		s.turnAway(h, err)
	}
}

// vet checks that who said HELLO may have a link here. Nothing of it was
// registered before.
func (s *session) vet(h *wire.Hello) *Error {
	node := s.server
	switch {
	case h.Cluster != node.config.ClusterID && (h.Node != "" || h.Cluster != ""):
		e := newError(WrongCluster, ExecutedNo, "the link is for the cluster %q, and node %s is of %q", h.Cluster, node.Name(), node.config.ClusterID)
		e.Details = map[string]any{detailCluster: node.config.ClusterID}
		return e
	case h.Node == "" && s.dialed:
		return newError(InvalidRequest, ExecutedNo, "there is a client where a node was dialed")
	case h.Node == "":
		return nil
	case node.options.authenticate != nil && !s.dialed && !s.known().Node:
		return newError(PermissionDenied, ExecutedNo, "the token does not let its holder join as a node: the authenticator sets Identity.Node for those")
	}
	if node.draining() && !s.dialed { // what still runs may need others
		return newError(Unavailable, ExecutedNo, "the node is draining")
	}
	return node.cluster.vet(h)
}

// refusalKey is what refusals of the same kind have in common, in either direction:
// they are logged once.
func refusalKey(e *Error, cluster string) string {
	if e.Code == WrongCluster {
		return "foreign cluster " + cluster
	}
	return e.Code.String() + e.Message
}

// turnAway rejects the other end, and logs that once: for each address, and for
// each reason, which anybody can make up.
func (s *session) turnAway(h *wire.Hello, e *Error) {
	logged, said := s.log.Debug, &s.server.said
	if !isSelf(e) && // who dialed itself says so
		said.onceOf("link refused "+e.Code.String()+" "+hostOf(s.link.RemoteAddr())) && said.onceOf(refusalKey(e, h.Cluster)) {
		logged = s.log.Warn
	}
	logged("link refused", "code", int(e.Code), "peer_name", h.Name, "peer_id", h.Node, "peer_cluster", h.Cluster, "err", e.Message)
	s.peer.reject(e.at("", "", s.server.Name()))
}

// request implements owner.
func (s *session) request(h wire.FrameHead, frame []byte, owned bool) {
	if s.numbered(h) {
		from := fromOutside
		if h.Kind == wire.KindFetch && s.ofNode() {
			from = forResult
		}
		s.begin(link.Binary, requestKey{id: h.ID}, frame, owned, from)
	}
}

// requestLarge implements owner.
func (s *session) requestLarge(h wire.FrameHead, f *link.Large) {
	if s.numbered(h) {
		s.beginLarge(requestKey{id: h.ID}, f)
	}
}

// numbered counts a request that can be answered, and refuses others.
func (s *session) numbered(h wire.FrameHead) bool {
	if h.ID == 0 {
		s.refuse(link.Binary, requestKey{}, newError(InvalidRequest, ExecutedNo, "the id of a request must not be 0"))
		return false
	}
	s.used.Add(1)
	return true
}

// oversized implements owner.
func (s *session) oversized(h wire.FrameHead, size int64) {
	e := s.tooLarge()
	if s.known() != nil && size <= s.server.config.MaxMessageBytes {
		e = newError(ResourceExhausted, ExecutedNo, "more large frames arrive at once than this node has room for: try again")
		e.Details = map[string]any{wire.DetailLimit: limitLargeFrames}
	}
	s.refuse(link.Binary, requestKey{id: h.ID}, e)
}

// limitLargeFrames is the bound of the frames that arrive on a link in chunks.
const limitLargeFrames = "large_frames"

// cancel implements owner.
func (s *session) cancel(id uint64) { s.cancelRequest(requestKey{id: id}) }

// goaway implements owner.
func (s *session) goaway(g *wire.Goaway) { s.server.cluster.goneAway(s, g) }

// credit implements owner.
func (s *session) credit(id uint64, items, bytes uint64) { s.allow(requestKey{id: id}, items, bytes) }

// renew implements owner.
func (s *session) renew(t wire.Token, d time.Duration) { s.server.leases.Renew(t, d) }

// release implements owner.
func (s *session) release(t wire.Token) { s.server.leases.Release(t) }

// idle implements owner.
func (s *session) idle() { s.closeIfIdle() }

// retire gives the link up for further requests; what is under way on it is
// finished. In a drain the other end is told at once, or it would go on asking.
// Where another link is used it need not hurry, and closeIfIdle tells it.
func (s *session) retire(reason wire.GoawayReason, message string) {
	s.mu.Lock()
	up := s.open != nil
	s.mu.Unlock()
	if !up || s.peer == nil || !s.peer.acquainted() || !s.peer.retired.CompareAndSwap(false, true) {
		return
	}
	if reason != wire.GoawayDraining {
		s.peer.slots.Seal()
		s.sealed.Store(true)
		s.closeIfIdle()
		return
	}
	s.peer.try(func(f *wire.Frame) { f.Goaway(&wire.Goaway{Reason: reason, Message: message}) })
}

// closeIfIdle closes a link that both ends have given up, when nothing is under
// way on it any more.
func (s *session) closeIfIdle() {
	if s.peer == nil || !s.sealed.Load() || s.peer.slots.Len() > 0 || s.server.draining() {
		return
	}
	// Not before the last call has its answer: a small GOAWAY overtakes a large
	// CALL, and the other end would close the link in front of it.
	if s.parting.CompareAndSwap(false, true) {
		s.peer.try(func(f *wire.Frame) {
			f.Goaway(&wire.Goaway{Reason: s.reason, Message: partings[s.reason]})
		})
	}
	s.server.cluster.mu.Lock()
	alone := s.goneAway && !s.leaving || s.orphan
	s.server.cluster.mu.Unlock()
	if alone && s.inFlight.Load() == 0 {
		s.link.BeginClose(link.StatusGoingAway, partings[s.reason])
	}
}
