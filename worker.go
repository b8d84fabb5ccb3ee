package mpreg

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// worker is the other end of a JSON session that offers functions of its own: a
// program in any language.
type worker struct {
	session  *session
	kind     link.Kind          // of its HELLO: calls go out in what it can read
	crews    map[*crew]struct{} // that it is in; guarded by the registry's mu
	inFlight atomic.Int64       // calls that it was given

	mu    sync.Mutex
	last  uint64                        // number of the last call
	calls map[string]chan<- workerReply // those that wait, by their u; each has room for its one reply
	gone  *Error                        // why it takes no further calls; nil while its link is up
}

// workerReply is what a call at a worker waits for.
type workerReply struct {
	kind    link.Kind
	message []byte // the answer; nil if it will not come
	lost    *Error // why
}

// workerNotice handles a message in which a worker offers functions or withdraws
// them. It is answered from the read loop, and so does not wait.
func (s *session) workerNotice(kind link.Kind, u string, data []byte) {
	if s.known() == nil {
		s.answerNotice(kind, u, "", newError(Unauthenticated, ExecutedNo,
			"this node asks for a token: send it in the Authorization header, or in an auth message"))
		return
	}
	n, err := wire.DecodeWorkerNotice(data)
	if err != nil {
		s.answerNotice(kind, u, "", asError(err))
		return
	}
	answer := n.What // of STATUS
	switch n.What {
	case wire.NoticeHello:
		if refusal := s.enlist(kind, n); refusal != nil {
			s.answerNotice(kind, u, "", refusal)
			if refusal.Code == WrongCluster {
				s.link.BeginClose(link.StatusPolicy, "wrong cluster")
			}
			return
		}
		answer = wire.NoticeAdded
	case wire.NoticeGoodbye:
		if s.worker != nil {
			s.server.dismiss(s.worker, n.Offers)
			s.log.Info("worker withdrew functions", "functions", names(n.Offers))
		}
		answer = wire.NoticeGone
	}
	s.answerNotice(kind, u, answer, nil)
}

// answerNotice answers, as refuseJSON does.
func (s *session) answerNotice(kind link.Kind, u, answer string, e *Error) {
	if u == "" || len(u) > wire.MaxID {
		u = "unknown"
	}
	var refusal *wire.Error
	if e != nil {
		e = e.at("", "", s.server.Name())
		e.Executed = ExecutedNo
		refusal = e.toWire()
		s.log.Debug("worker refused", "request", u, "code", int(e.Code), "err", e.Message)
	}
	message := wire.AppendNoticeAnswer(nil, u, answer, refusal)
	if err := s.link.TrySend(kind, message); errors.Is(err, link.ErrQueueFull) {
		s.link.Abort(err)
	}
}

// enlist adds what a HELLO offers to the functions of the node: all of it, or
// nothing if it returns an error.
func (s *session) enlist(kind link.Kind, n *wire.WorkerNotice) *Error {
	node := s.server
	switch cluster := cmp.Or(n.ClusterID, DefaultClusterID); {
	case cluster != node.config.ClusterID:
		e := newError(WrongCluster, ExecutedNo, "the worker is for the cluster %q, and this node is of %q", cluster, node.config.ClusterID)
		s.warn("worker refused", "code", int(e.Code), "err", e.Message)
		return e
	case node.options.authenticate != nil && !s.known().Node:
		return newError(PermissionDenied, ExecutedNo, "the token does not let its holder offer functions: the authenticator sets Identity.Node for those")
	case node.draining():
		return newError(Unavailable, ExecutedNo, "the node is draining: offer the functions to another, or again later")
	}
	w := s.worker
	if w == nil {
		w = &worker{session: s, kind: kind, crews: make(map[*crew]struct{}), calls: make(map[string]chan<- workerReply)}
	}
	// All that the node offers goes to others in one message: theirs are as large as its
	// own, as a rule, and it has functions besides.
	if err := node.enlist(w, n.Offers, min(maxOfferBytes, node.config.MaxMessageBytes/2)); err != nil {
		return err
	}
	s.worker = w
	s.log.Info("worker offers functions", "functions", names(n.Offers))
	return nil
}

// names lists some of the functions of a notice, for the log.
func names(offers []wire.WorkerOffer) []string {
	const some = 16
	list := make([]string, 0, some)
	for _, o := range offers {
		if !slices.Contains(list, o.Function) && len(list) < some {
			list = append(list, o.Function)
		}
	}
	return list
}

// endWorker withdraws what the other end offered, as it is gone. What it was
// running may have run.
func (s *session) endWorker(why error) {
	w := s.worker
	if w == nil {
		return
	}
	lost := newError(Unavailable, ExecutedMaybe, "the worker that ran the function is gone: %w", why)
	w.mu.Lock()
	w.gone = lost
	calls := w.calls
	w.calls = nil
	w.mu.Unlock()
	s.server.dismiss(w, nil) // first: who tries again is not to come back here
	for _, reply := range calls {
		reply <- workerReply{lost: lost}
	}
	s.log.Info("worker is gone", "calls", len(calls))
}

// workerAnswer handles the answer to a call. Who waits for it decodes it, however
// large it is: the read loop only copies it.
func (s *session) workerAnswer(kind link.Kind, u string, data []byte) {
	if s.worker != nil && s.worker.deliver(u, workerReply{kind: kind, message: data}) {
		return
	}
	if _, err := wire.DecodeWorkerAnswer(data); err != nil {
		s.refuse(kind, requestKey{u: u}, asError(err))
		return
	}
	s.log.Debug("answer to a call that nobody waits for", "call", u)
}

// deliver gives a call its reply, whose message is copied. It reports false if the
// call is not known: it was given up, or never was.
func (w *worker) deliver(u string, r workerReply) bool {
	reply := w.take(u)
	if reply == nil {
		return false
	}
	r.message = slices.Clone(r.message)
	reply <- r
	return true
}

// begin notes a call that is about to be sent. It fails if the worker is gone.
func (w *worker) begin() (u string, reply <-chan workerReply, gone *Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone != nil {
		e := *w.gone
		e.Executed = ExecutedNo
		return "", nil, &e
	}
	w.last++
	u = "w" + strconv.FormatUint(w.last, 10)
	c := make(chan workerReply, 1)
	w.calls[u] = c
	return u, c, nil
}

// take ends the wait of a call: who takes it gives the reply, or wants none. It
// returns nil if that was done.
func (w *worker) take(u string) chan<- workerReply {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.calls[u]
	delete(w.calls, u)
	return c
}
