package mpreg

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/internal/link"
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
