package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
)

// DialOptions say how to reach a URL. The zero value is ready to use.
type DialOptions struct {
	// Header is sent with the opening request: credentials, Origin.
	Header http.Header

	// TLS is used for wss URLs; nil is the system's roots. It is not changed.
	// ServerName defaults to the URL's host.
	TLS *tls.Config

	// NetDial opens the network connection, below TLS. Nil: net.Dialer.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Dial opens a link to a ws or wss URL. ctx bounds the dialing, not the link's life.
// The error names the URL and, if the server answered with anything but a
// websocket, is a *[StatusError]. Proxies of the
// environment are not used.
func Dial(ctx context.Context, url string, opts DialOptions, cfg Config) (*Link, error) {
	cfg = cfg.withDefaults()
	d := dialing{opts: opts, cfg: cfg}
	dialer := websocket.Dialer{
		NetDialContext:    d.open,
		NetDialTLSContext: d.openTLS,
		ReadBufferSize:    bufferedRead,
		WriteBufferSize:   cfg.dialBuffer(),
		Subprotocols:      cfg.protocols(),
		EnableCompression: cfg.Compression,
	}
	ws, resp, err := dialer.DialContext(ctx, url, opts.Header)
	if d.unwatch != nil && !d.unwatch() && err == nil {
		err = context.Cause(ctx) // it ended between the server's answer and now
		_ = d.conn.Close()
	}
	if err != nil {
		return nil, dialError(ctx, url, resp, err)
	}
	return newLink(ws, d.conn, cfg), nil
}

func dialError(ctx context.Context, url string, resp *http.Response, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	if !errors.Is(err, websocket.ErrBadHandshake) || resp == nil {
		return fmt.Errorf("dial %s: %w", url, err)
	}
	snippet, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // gorilla has it in memory
	return fmt.Errorf("dial %s: %w", url, &StatusError{Code: resp.StatusCode, Body: strings.TrimSpace(string(snippet)), err: err})
}

// dialing is the network side of one Dial.
type dialing struct {
	opts    DialOptions
	cfg     Config
	conn    *conn
	unwatch func() bool
}

func (d *dialing) open(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.connect(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return d.wrap(ctx, c), nil
}

func (d *dialing) openTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.connect(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	cfg := d.opts.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.ServerName == "" {
		if host, _, err := net.SplitHostPort(addr); err == nil {
			cfg.ServerName = host
		}
	}
	cfg.NextProtos = []string{"http/1.1"} // a server that chose h2 could not upgrade
	t := tls.Client(c, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return d.wrap(ctx, t), nil
}

func (d *dialing) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	if d.opts.NetDial != nil {
		return d.opts.NetDial(ctx, network, addr)
	}
	var nd net.Dialer
	return nd.DialContext(ctx, network, addr)
}

// wrap puts our conn under the websocket. From here on the library heeds ctx's
// deadline but not its cancellation, so that is watched here.
func (d *dialing) wrap(ctx context.Context, c net.Conn) *conn {
	d.conn = newConn(c, d.cfg.WriteTimeout)
	d.unwatch = context.AfterFunc(ctx, d.conn.interrupt)
	return d.conn
}
