package mpreg

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// ServeHTTP takes a websocket in: what an application that mounts the node
// (see [WithMount]) calls for the node's path. It returns when the link has
// ended. Before Serve and after its end it answers with status 503, to what is
// no websocket handshake with 426.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this is an mpreg node: connect with a websocket", http.StatusUpgradeRequired)
		return
	}
	session, err := s.openSession()
	if err != nil {
		http.Error(w, err.Message, http.StatusServiceUnavailable)
		return
	}
	defer s.closeSession(session)
	var ok bool
	if session.identity, ok = s.identify(w, r); !ok {
		return
	}
	l, dialErr := link.Accept(w, r, s.linkConfig(), s.originAllowed)
	if dialErr != nil {
		s.log.Debug("handshake failed", "peer", r.RemoteAddr, "err", dialErr)
		return
	}
	session.serve(l)
}

// identify asks the authenticator who is there. A nil identity is someone who
// has to say so in an auth message.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) (*Identity, bool) {
	if s.options.authenticate == nil {
		return &Identity{}, true
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, true
	}
	identity, err := s.options.authenticate(r.Context(), Credentials{Token: token, RemoteAddr: r.RemoteAddr})
	if err != nil {
		s.log.Warn("credentials refused", "peer", r.RemoteAddr, "err", err)
		http.Error(w, "the credentials were refused", http.StatusUnauthorized)
		return nil, false
	}
	return &identity, true
}

// authenticate handles an auth message, in a goroutine as an authenticator may
// take its time.
func (s *session) authenticate(kind link.Kind, u string, data []byte) {
	auth, err := wire.DecodeAuth(data)
	if err != nil {
		s.refuse(kind, u, asError(err))
		return
	}
	if !s.authenticating.CompareAndSwap(false, true) {
		s.refuse(kind, u, newError(ResourceExhausted, ExecutedNo, "another auth message of this connection is being looked at"))
		return
	}
	s.running.Go(func() {
		defer s.authenticating.Store(false)
		r := &pendingRequest{session: s, u: auth.U, kind: kind}
		if s.server.options.authenticate != nil {
			identity, err := s.server.options.authenticate(s.ctx, Credentials{Token: auth.Token, RemoteAddr: s.link.RemoteAddr()})
			if err != nil {
				s.log.Warn("credentials refused", "err", err)
				r.fail(newError(Unauthenticated, ExecutedNo, "the credentials were refused"))
				return
			}
			s.mu.Lock()
			s.identity = &identity
			s.mu.Unlock()
		}
		r.settle(&wire.Response{U: auth.U})
	})
}

// originAllowed keeps foreign web pages from using a visitor's access to the
// node. Programs that are no browser send no origin.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.config.AllowedOrigins, "*") || slices.Contains(s.config.AllowedOrigins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// linkConfig returns the bounds of the links of this node.
func (s *Server) linkConfig() link.Config {
	return link.Config{
		MaxMessage:   s.config.MaxMessageBytes,
		QueueBytes:   s.config.MaxQueueBytes,
		WriteTimeout: s.config.WriteTimeout,
		PingInterval: s.config.PingInterval,
		PingTimeout:  s.config.PingTimeout,
		Compression:  s.config.Compression,
		Logger:       s.log,
	}
}
