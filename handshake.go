package mpreg

import (
	"net"
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
	session, err := s.openSession(false)
	if err != nil {
		http.Error(w, err.Message, http.StatusServiceUnavailable)
		return
	}
	defer s.closeSession(session)
	var ok bool
	if session.identity, ok = s.identify(w, r); !ok {
		return
	}
	l, dialErr := link.Accept(w, r, s.linkConfig(session), s.originAllowed)
	if dialErr != nil {
		s.log.Debug("handshake failed", "peer", r.RemoteAddr, "err", dialErr)
		return
	}
	session.attach(l)
	_ = session.serve() // the link knows why it ended
}

// originAllowed keeps foreign web pages from using a visitor's access to the
// node. Programs that are no browser send no origin.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.config.AllowedOrigins, "*") ||
		slices.ContainsFunc(s.config.AllowedOrigins, func(o string) bool { return strings.EqualFold(o, origin) }) {
		return true
	}
	u, err := url.Parse(origin)
	if err == nil && strings.EqualFold(u.Host, r.Host) && s.ownHost(u.Hostname()) {
		return true
	}
	s.warn(s.log, r.RemoteAddr, "origin refused: allow it in Config.AllowedOrigins, MPREG_ALLOWED_ORIGINS", "peer", r.RemoteAddr, "origin", clip(origin))
	return false
}

// ownHost reports whether a name is surely one of this node. That a page's
// origin is the host that was asked does not say so: who owns a name can have it
// lead to 127.0.0.1, and their page be of the same origin (DNS rebinding). An
// address can't be made to lead elsewhere.
func (s *Server) ownHost(name string) bool {
	if name == "localhost" || net.ParseIP(name) != nil {
		return true
	}
	return slices.ContainsFunc(append(s.advertised(), s.options.mountURL), func(text string) bool {
		u, err := url.Parse(text)
		return err == nil && strings.EqualFold(u.Hostname(), name)
	})
}

// loopback reports whether only this machine can reach what listens on host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// untrustedBytes bounds the messages of a link on which no token was accepted yet,
// where one is needed: it is what a stranger can make the node hold.
const untrustedBytes = 1 << 20

// linkConfig returns the bounds of a link of this node.
func (s *Server) linkConfig(session *session) link.Config {
	untrusted := int64(0)
	if session.known() == nil {
		untrusted = untrustedBytes
	}
	return link.Config{
		Untrusted:    untrusted,
		MaxMessage:   s.config.MaxMessageBytes,
		QueueBytes:   s.config.MaxQueueBytes,
		WriteTimeout: s.config.WriteTimeout,
		PingInterval: s.config.PingInterval,
		PingTimeout:  s.config.PingTimeout,
		Compression:  s.config.Compression,
		Pending:      session.pendingCalls,
		Framed:       wire.Subprotocol,
		SendBuffer:   s.config.SendBufferBytes,
		Logger:       s.log,
	}
}
