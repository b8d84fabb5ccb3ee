package mpreg

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// Credentials are what somebody at the other end of a link shows.
type Credentials struct {
	Token      string // of an "Authorization: Bearer" header or an auth message; empty if there was none
	RemoteAddr string // where the link comes from
}

// Identity is who an [Authenticator] found at the other end of a link. It is zero
// for the calls that a node makes on its own behalf, by [Server.Client].
type Identity struct {
	Name   string            // unique within what authenticates
	Claims map[string]string // whatever else the application wants to know of them; may be nil
	Node   bool              // may join as a node, whose word is then taken for whom it calls on behalf of
}

// Authenticator decides who is at the other end of a link, once a link and
// before anything is executed for it. An error refuses: with status 401 in the
// handshake, with code [Unauthenticated] in answer to an auth message. Its text
// goes to the log, not to who was refused. A link that shows no token in its
// handshake is let in, and may do nothing until an auth message was accepted:
// browsers can't set headers. It is called concurrently, with a context that ends with
// the link, and in the handshake of a node that is not mounted also when
// Config.HandshakeTimeout has passed.
type Authenticator func(context.Context, Credentials) (Identity, error)

// Authorizer decides whether the caller, whom [InfoFromContext] tells, may run
// a command here. An error refuses with [PermissionDenied] and the error's text,
// an *[Error] with its own code and message.
// It is called concurrently, before the arguments are decoded.
type Authorizer func(context.Context, *Invocation) error

// authenticated asks the authenticator. The error is what who is refused gets to
// know; the log has why.
func (s *Server) authenticated(ctx context.Context, c Credentials) (identity Identity, refusal *Error) {
	defer func() {
		if r := recover(); r != nil {
			p := newPanicError(r)
			s.log.ErrorContext(ctx, "authenticator panicked", "peer", c.RemoteAddr, "panic", fmt.Sprint(r), "stack", string(p.stack))
			refusal = newError(Internal, ExecutedNo, "the node could not look at the credentials; its log says why")
		}
	}()
	identity, err := s.options.authenticate(ctx, c)
	if err != nil {
		logged := s.log.DebugContext
		if s.said.onceOf("credentials " + hostOf(c.RemoteAddr) + " " + err.Error()) {
			logged = s.log.WarnContext
		}
		logged(ctx, "credentials refused: further ones like these are not logged for an hour", "peer", c.RemoteAddr, "err", err)
		return Identity{}, newError(Unauthenticated, ExecutedNo, "the credentials were refused")
	}
	return identity, nil
}

// identify finds out who is there in a handshake. A nil identity is someone who
// has to say so in an auth message.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) (identity *Identity, ok bool) {
	if s.options.authenticate == nil {
		return &Identity{}, true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, true
	}
	who, refusal := s.authenticated(r.Context(), Credentials{Token: token, RemoteAddr: r.RemoteAddr})
	if refusal != nil {
		status := http.StatusUnauthorized
		if errors.Is(refusal, Internal) {
			status = http.StatusInternalServerError
		}
		http.Error(w, refusal.Message, status)
		return nil, false
	}
	return &who, true
}

// authenticate handles an auth message, in a goroutine as an authenticator may
// take its time; one at a time, as who sends it is not known yet.
func (s *session) authenticate(kind link.Kind, u string, data []byte) {
	auth, err := wire.DecodeAuth(data)
	if err != nil {
		s.refuse(kind, requestKey{u: u}, asError(err))
		return
	}
	if !s.authenticating.CompareAndSwap(false, true) {
		s.refuse(kind, requestKey{u: u}, newError(ResourceExhausted, ExecutedNo, "another auth message of this connection is being looked at"))
		return
	}
	s.running.Go(func() {
		next := func() { s.authenticating.Store(false) }
		defer next()
		r := &pendingRequest{session: s, key: requestKey{u: auth.U}, kind: kind}
		if refusal := s.logIn(auth.Token); refusal != nil {
			r.fail(refusal, next)
			return
		}
		r.settle(&wire.Response{U: auth.U}, next)
	})
}

// logIn takes a token on behalf of the session.
func (s *session) logIn(token string) *Error {
	if s.server.options.authenticate == nil {
		return nil
	}
	identity, refusal := s.server.authenticated(s.ctx, Credentials{Token: token, RemoteAddr: s.link.RemoteAddr()})
	if refusal != nil {
		return refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity = &identity
	s.link.Trust()
	return nil
}
