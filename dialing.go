package mpreg

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// dialTimeout bounds the attempt to reach one URL, HELLO included: what takes
	// longer is taken for a host that is not there.
	dialTimeout = 2 * time.Second

	// dialStagger is how long the first of several URLs has until the second is
	// tried beside it, and so on: one that leads nowhere must not cost its
	// timeout (as in RFC 8305, "Happy Eyeballs", section 5).
	dialStagger = 300 * time.Millisecond

	// After an attempt failed, calls make no other one for a while, which doubles:
	// they fail at once instead, or go elsewhere.
	minRetry = 250 * time.Millisecond
	maxRetry = 10 * time.Second
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

var (
	// errReplaced ends the links to a node's former process.
	errReplaced = errors.New("the node was started anew")

	// errNodeDied ends silent links to a node that the cluster holds for dead.
	errNodeDied = errors.New("nothing was heard of the node, and the cluster holds it for dead")
)

// attempt is one to dial a node, at all its URLs. Calls wait for it.
type attempt struct {
	done chan struct{} // closed when err is settled
	err  error
}

// dial has a node or a seed dialed, in the background. The machine is told how
// that ended.
func (c *cluster) dial(d gossip.Dial) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if d.Node != "" {
		c.attempt(c.member(d.Node), d)
		return
	}
	c.running.Go(func() { _ = c.reach(d) }) // the machine knows
}

// attempt returns the attempt to dial a node that is under way, which it starts if
// need be. mu is held, and the cluster is not closed.
func (c *cluster) attempt(m *member, d gossip.Dial) *attempt {
	if m.attempt == nil {
		a := &attempt{done: make(chan struct{})}
		m.attempt = a
		c.running.Go(func() {
			err := c.reach(d)
			c.mu.Lock()
			m.attempt = nil
			if err != nil {
				m.retry = time.Now().Add(min(minRetry<<min(m.failures, 6), maxRetry))
				m.failures++
			} else {
				m.failures = 0
			}
			m.failure = err
			c.mu.Unlock()
			a.err = err
			close(a.done)
		})
	}
	return m.attempt
}

// connect sees to it that there is a link to a member, for a call.
func (c *cluster) connect(ctx context.Context, m *member) error {
	c.mu.Lock()
	if m.best.Load() != nil {
		c.mu.Unlock()
		return nil
	}
	if up, within := m.comingUp(); up != nil {
		c.mu.Unlock()
		timer := time.NewTimer(within)
		defer timer.Stop()
		select {
		case <-up:
			return nil
		case <-ctx.Done():
			return endError(ctx, ExecutedNo)
		case <-timer.C:
		}
		c.mu.Lock()
	}
	if reason := c.mayNotDial(m); reason != "" {
		c.mu.Unlock()
		return newError(Unavailable, ExecutedNo, "there is no link to the node: %s", reason)
	}
	a := c.attempt(m, gossip.Dial{Node: m.ID, URLs: m.urls})
	c.mu.Unlock()
	select {
	case <-a.done:
	case <-ctx.Done():
		return endError(ctx, ExecutedNo)
	}
	if a.err != nil {
		return newError(Unavailable, ExecutedNo, "there is no link to the node: %w", a.err)
	}
	return nil
}

// comingUp returns what is closed when a link to m works, if one that the other
// end opened is about to, and how long to wait for that. The cluster's mu is held.
func (m *member) comingUp() (up <-chan struct{}, within time.Duration) {
	for _, s := range m.sessions {
		if !s.works() && !s.silent && !s.given && !s.goneAway {
			within = max(within, dialTimeout-time.Since(s.since))
		}
	}
	if within <= 0 {
		return nil, 0
	}
	if m.up == nil {
		m.up = make(chan struct{})
	}
	return m.up, within
}

// mayNotDial says why a call does not dial a member now, nor wait for an attempt
// that is under way. Who was not reached before costs no call another timeout. mu
// is held.
func (c *cluster) mayNotDial(m *member) string {
	switch {
	case c.closed:
		return "this one is stopping"
	case m.state == gossip.Dead || m.state == gossip.Left:
		return "it has left, or is dead"
	case len(m.urls) == 0:
		return "it can't be dialed, and has none to this node"
	case m.failures == 0:
		return ""
	case m.attempt != nil || m.state == gossip.Suspect:
		return fmt.Sprintf("the last attempt failed: %v", m.failure)
	case time.Now().Before(m.retry):
		return fmt.Sprintf("the next attempt is made in %v; the last: %v", time.Until(m.retry).Round(time.Millisecond), m.failure)
	}
	return ""
}

// reach dials what is to be dialed, and tells the machine.
func (c *cluster) reach(d gossip.Dial) error {
	begun := time.Now()
	s, err := c.openAny(c.self.dialing, d)
	result := dialResult(d, s, err)
	yield()
	// A dial that ended long after its timeouts shows that this process was slow,
	// and may not have looked at the answer.
	most := dialTimeout + time.Duration(len(d.URLs)-1)*dialStagger
	result.Late = time.Since(begun) > most+dialTimeout/8
	switch result.Outcome {
	case gossip.Self:
		if d.Seed != "" && c.self.said.once("self "+d.Seed) {
			c.self.log.Info("a peer's URL leads to the node itself", "url", d.Seed)
		}
	case gossip.Other:
		err = fmt.Errorf("node %s (%s) answers at its URL", s.peer.said.Name, s.peer.said.Node)
	}
	c.step(func(m *gossip.Machine, now time.Duration) {
		c.seeds.dialed(d.Seed, result.Node, err)
		m.DialDone(now, d, result)
	})
	return err
}

// dialResult says what became of a dial.
func dialResult(d gossip.Dial, s *session, err error) gossip.DialResult {
	if err == nil {
		said := s.peer.said
		r := gossip.DialResult{Outcome: gossip.Linked, Node: said.Node, Incarnation: said.Incarnation}
		if d.Node != "" && d.Node != said.Node {
			r.Outcome = gossip.Other
		}
		return r
	}
	refused := true
	failures, ok := errors.AsType[dialFailures](err)
	for _, e := range failures {
		if isSelf(e) {
			return gossip.DialResult{Outcome: gossip.Self}
		}
		refused = refused && errors.Is(e, syscall.ECONNREFUSED)
	}
	if ok && refused {
		return gossip.DialResult{Outcome: gossip.Refused}
	}
	return gossip.DialResult{Outcome: gossip.NoAnswer}
}

// dialFailures are why no URL of a node worked.
type dialFailures []error

// Error implements the error interface, in one line.
func (f dialFailures) Error() string {
	texts := make([]string, len(f))
	for i, err := range f {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns them.
func (f dialFailures) Unwrap() []error { return f }

// openAny opens a link to whoever is at one of several URLs, the first of which
// that works. The others are tried one after the other, each when those before
// have failed or take long.
func (c *cluster) openAny(ctx context.Context, d gossip.Dial) (*session, error) {
	urls := d.URLs
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		session *session
		err     error
	}
	outcomes := make(chan outcome, len(urls))
	var failures dialFailures
	due := make(chan struct{}, 1) // holds a token when the next is to be tried
	next := func() {
		select {
		case due <- struct{}{}:
		default:
		}
	}
	timer := time.AfterFunc(dialStagger, next)
	defer timer.Stop()
	next()
	for begun := 0; len(failures) < len(urls); {
		select {
		case <-due:
			if begun < len(urls) {
				url := urls[begun]
				begun++
				c.running.Go(func() {
					s, err := c.open(ctx, url)
					if err != nil && ctx.Err() == nil {
						c.logFailure(d, url, err)
					}
					outcomes <- outcome{s, err}
				})
				timer.Reset(dialStagger)
			}
		case o := <-outcomes:
			if o.err == nil {
				return o.session, nil // a second that works all the same is settled as a duplicate
			}
			failures = append(failures, o.err)
			next()
		}
	}
	if len(failures) == 0 {
		return nil, errNoURL
	}
	return nil, failures
}

var errNoURL = errors.New("the node has no URL")

// logFailure logs why a URL does not work: once for a configured peer, and where
// a node is refused by another. That a member can't be reached is the machine's
// to judge.
func (c *cluster) logFailure(d gossip.Dial, url string, err error) {
	_, coded := errors.AsType[*Error](err)
	switch {
	case isSelf(err), c.self.draining():
	case (d.Seed != "" || coded) && c.self.said.once(dialKey(url, err)):
		c.self.log.Warn("no link to a peer: it is tried again and again, and this is not logged anew", "url", url, "err", err)
	default:
		c.self.log.Debug("no link to a peer", "url", url, "peer_id", d.Node, "err", err)
	}
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

// open opens a link to a URL and settles whether the two ends belong together.
func (c *cluster) open(ctx context.Context, url string) (*session, error) {
	node := c.self
	s, refusal := node.openSession(true)
	if refusal != nil {
		return nil, refusal
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	s.identity = &Identity{} // whom we dial we need not ask who it is
	target, connect := c.target(url)
	l, err := link.Dial(ctx, target, link.DialOptions{
		Header: bearer(node.options.token), TLS: node.options.tls, NetDial: connect,
	}, node.linkConfig(s))
	if err != nil {
		node.closeSession(s)
		return nil, err
	}
	s.attach(l)
	go func() { // a drain waits for it
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
