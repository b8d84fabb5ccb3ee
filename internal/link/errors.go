package link

import (
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/gorilla/websocket"
)

// Status codes of RFC 6455, section 7.4.1, that callers of [Link.Close] need.
const (
	StatusNormal        = websocket.CloseNormalClosure
	StatusGoingAway     = websocket.CloseGoingAway
	StatusProtocolError = websocket.CloseProtocolError
	StatusInvalidData   = websocket.CloseInvalidFramePayloadData
	StatusPolicy        = websocket.ClosePolicyViolation
	StatusTooBig        = websocket.CloseMessageTooBig
	StatusTryAgainLater = websocket.CloseTryAgainLater
)

var (
	// ErrClosed is matched by what Send and TrySend return once the link is
	// closing or has ended, whatever ended it; the cause is wrapped beside it.
	// A closed [Dialer] returns it too.
	ErrClosed = errors.New("link closed")

	// ErrQueueFull is matched by what TrySend returns when the peer reads too
	// slowly. The message was not queued; the link lives on.
	ErrQueueFull = errors.New("write queue full")

	// ErrWriteTimeout ends a link whose peer stopped reading.
	ErrWriteTimeout = errors.New("peer does not read: write timed out")

	// ErrSilent ends a link whose peer did not answer a ping.
	ErrSilent = errors.New("peer is silent: ping not answered")

	// ErrUnavailable is matched by what [Dialer.Link] returns when there is no
	// link now. The last dial error is wrapped beside it.
	ErrUnavailable = errors.New("no link")

	errHandshake = fmt.Errorf("no websocket there: the answer's headers have more than %d bytes", handshakeBytes)
)

// CloseError is why a link ended when one of both ends said so with a close
// frame.
type CloseError struct {
	Peer   string // the peer's address
	Code   int    // status of RFC 6455, section 7.4; 1005 if the frame had none
	Reason string // may be empty
	Remote bool   // whether the peer closed first
}

// Error says who closed the link and why.
func (e *CloseError) Error() string {
	by := "closed here"
	if e.Remote {
		by = "closed by the peer"
	}
	if e.Reason == "" {
		return fmt.Sprintf("link to %s: %s with status %d", e.Peer, by, e.Code)
	}
	return fmt.Sprintf("link to %s: %s with status %d: %s", e.Peer, by, e.Code, e.Reason)
}

// StatusError is an HTTP answer where a websocket was expected.
type StatusError struct {
	Code int    // the HTTP status
	Body string // its first 200 bytes

	err error
}

// Error has the status and the body.
func (e *StatusError) Error() string {
	return fmt.Sprintf("no websocket there: HTTP %d %s: %q", e.Code, http.StatusText(e.Code), e.Body)
}

// Unwrap returns the websocket library's error.
func (e *StatusError) Unwrap() error { return e.err }

// refusal is what Send returns when it can not queue: a condition to test for
// and, if there is one, its cause.
type refusal struct {
	text string
	errs []error
}

func (e *refusal) Error() string   { return e.text }
func (e *refusal) Unwrap() []error { return e.errs }

// closedError is for a Send that came too late; cause names the peer.
func closedError(cause error) error {
	return &refusal{fmt.Sprintf("not sent: %v", cause), []error{ErrClosed, cause}}
}

// readFailure translates an error of the websocket's read side. connected tells
// whether the connection can still carry a close frame of ours; then the failure
// is a *CloseError.
func readFailure(peer string, err error) (connected bool, failure error) {
	var closed *websocket.CloseError
	var network net.Error
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return true, &CloseError{Peer: peer, Code: closed.Code, Reason: closed.Text, Remote: true}
	case errors.As(err, &closed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return false, fmt.Errorf("link to %s: connection lost: %w", peer, io.ErrUnexpectedEOF)
	case errors.As(err, &network), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return false, fmt.Errorf("link to %s: connection lost: %w", peer, err)
	case errors.Is(err, websocket.ErrReadLimit):
		return true, &CloseError{Peer: peer, Code: StatusTooBig, Reason: "message too big"}
	case errors.As(err, &corrupt):
		return true, &CloseError{Peer: peer, Code: StatusInvalidData, Reason: err.Error()}
	default:
		return true, &CloseError{Peer: peer, Code: StatusProtocolError, Reason: err.Error()}
	}
}
