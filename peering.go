package mpreg

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// errSelf is why a link is given up that leads from a node to itself.
// Either end may find out, and tells the other by the details.
var errSelf = &Error{
	Code: InvalidRequest, Message: "the URL leads back to this node", Executed: ExecutedNo,
	Details: map[string]any{detailReason: reasonSelf},
}

const (
	detailReason  = "reason"
	reasonSelf    = "self"
	detailCluster = "cluster" // of who refuses
)

func isSelf(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Details[detailReason] == reasonSelf
}

// errReplaced ends the links to a node's former process.
var errReplaced = errors.New("the node was started anew")

// peering keeps a link up to each node that Config.Peers names.
type peering struct {
	server  *Server
	ctx     context.Context // ends when no link is wanted any more
	stop    context.CancelFunc
	dialers []*link.Dialer

	mu       sync.Mutex
	sessions map[*link.Link]*session // those that were dialed
}

// startPeering dials the configured peers, in the background and again and again.
func (s *Server) startPeering() *peering {
	p := &peering{server: s, sessions: make(map[*link.Link]*session)}
	p.ctx, p.stop = context.WithCancel(context.Background())
	for _, url := range slices.Compact(slices.Sorted(slices.Values(s.config.Peers))) {
		d := link.NewDialer(link.DialerConfig{
			URLs: []string{url}, Dial: p.dial, Serve: p.serve, Logger: s.log,
		})
		p.dialers = append(p.dialers, d)
		d.Start()
	}
	return p
}

// close gives up dialing, and waits for it.
func (p *peering) close() {
	p.stop()
	for _, d := range p.dialers {
		_ = d.Close() // tells of the link, which was closed before
	}
}

// dial opens a link to a node and settles whether the two belong together. A link
// that leads to this node itself is no failure: serve sees to it that there is no
// other.
func (p *peering) dial(ctx context.Context, url string) (*link.Link, error) {
	s, err := p.open(ctx, url)
	if err != nil && !isSelf(err) {
		if !p.server.draining() && p.server.cluster.once(dialKey(url, err)) {
			p.server.log.Warn("no link to a peer: it is tried again and again, and this is not logged anew", "url", url, "err", err)
		}
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions[s.link] = s
	if err != nil {
		p.server.log.Info("a peer's URL leads to the node itself, and is not dialed again", "url", url)
	}
	return s.link, nil
}

// dialKey is what failures to dial have in common that are logged once.
func dialKey(url string, err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Code == WrongCluster {
		theirs, _ := e.Details[detailCluster].(string)
		return refusalKey(e, theirs)
	}
	// A peer that is not up yet must not hide that it refuses us later.
	kind := "network"
	if e, ok := errors.AsType[*Error](err); ok {
		kind = e.Code.String()
	} else if status, ok := errors.AsType[*link.StatusError](err); ok {
		kind = strconv.Itoa(status.Code)
	}
	return "dial " + url + " " + kind
}

func (p *peering) open(ctx context.Context, url string) (*session, error) {
	node := p.server
	s, refusal := node.openSession(true)
	if refusal != nil {
		return nil, refusal
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	s.identity = &Identity{} // whom we dial we need not ask who it is
	l, err := link.Dial(ctx, url, link.DialOptions{
		Header: bearer(node.options.token), TLS: node.options.tls, NetDial: node.options.dial,
	}, node.linkConfig(s))
	if err != nil {
		node.closeSession(s)
		return nil, err
	}
	s.attach(l)
	go func() {
		defer node.closeSession(s)
		_ = s.serve() // the link knows why it ended
	}()
	if s.peer == nil {
		err = fmt.Errorf("%s is no mpreg node: it does not speak %s", url, wire.Subprotocol)
	} else {
		err = s.peer.await(ctx)
	}
	if err != nil {
		l.Abort(err)
		<-s.ended
	}
	return s, err
}

// serve waits until a link has ended and no other leads to the same node: there
// is no need to dial before.
func (p *peering) serve(l *link.Link) error {
	p.mu.Lock()
	s := p.sessions[l]
	p.mu.Unlock()
	select {
	case <-s.ended:
	case <-p.ctx.Done():
	}
	p.mu.Lock()
	delete(p.sessions, l)
	p.mu.Unlock()
	if s.member == nil { // a link to this node itself: no other will do better
		<-p.ctx.Done()
		return errSelf
	}
	select {
	case <-s.member.gone:
	case <-p.ctx.Done():
	}
	return l.Err()
}
