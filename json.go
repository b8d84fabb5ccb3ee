package mpreg

import (
	"errors"
	"math"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// jsonHandler is the Handler of a session whose link carries JSON messages.
type jsonHandler struct{ *session }

// Message implements link.Handler.
func (s jsonHandler) Message(kind link.Kind, data []byte) {
	head := wire.Sniff(data)
	key := requestKey{u: head.U}
	switch head.Role {
	case wire.RoleRequest:
		if err := checkU(head.U); err != nil {
			s.refuse(kind, key, err)
			return
		}
		s.begin(kind, key, data, false, fromOutside)
	case wire.RoleCancel:
		if _, err := wire.DecodeCancel(data); err != nil {
			s.refuse(kind, key, asError(err))
			return
		}
		s.cancelRequest(key)
	case wire.RoleAck:
		ack, err := wire.DecodeAck(data)
		if err != nil {
			s.refuse(kind, key, asError(err))
			return
		}
		s.allow(key, uint64(ack.N), math.MaxInt64) // JSON counts items, not bytes
	case wire.RoleAuth:
		s.authenticate(kind, head.U, data)
	case wire.RoleInternalAnswer:
		s.workerAnswer(kind, head.U, data)
	case wire.RoleServer:
		s.workerNotice(kind, head.U, data)
	default:
		s.refuse(kind, key, unknownRole(head.Role, data))
	}
}

// Oversized implements link.Handler.
func (s jsonHandler) Oversized(kind link.Kind, head []byte, size int64) {
	s.warn("message over the limit discarded", "bytes", size)
	h := wire.Sniff(head)
	if h.Role == wire.RoleInternalAnswer && s.worker != nil {
		s.worker.deliver(h.U, workerReply{lost: answerTooLarge(s.server.config.MaxMessageBytes)})
	}
	s.refuse(kind, requestKey{u: h.U}, s.tooLarge())
}

// tooLarge is the error of a message that was discarded.
func (s *session) tooLarge() *Error {
	if s.known() == nil {
		return newError(Unauthenticated, ExecutedNo, "a message of more than %d bytes before a token was accepted", untrustedBytes)
	}
	most := s.server.config.MaxMessageBytes
	e := newError(ResourceExhausted, ExecutedNo, "the message has more than the %d bytes that this node takes", most)
	e.Details = map[string]any{wire.DetailLimit: "message_bytes", wire.DetailMax: most}
	return e
}

// Malformed implements link.Handler: a link that carries messages has no frames.
func (s jsonHandler) Malformed(error) {}

// refuseJSON answers without waiting: a peer that fills the queue with refusals
// that it does not read loses its link.
func (s *session) refuseJSON(kind link.Kind, u string, e *Error) {
	if u == "" || len(u) > wire.MaxID {
		u = "unknown"
	}
	message, _ := wire.AppendResponse(nil, &wire.Response{U: u, Error: e.toWire()}, 0)
	if err := s.link.TrySend(kind, message); errors.Is(err, link.ErrQueueFull) {
		s.link.Abort(err) // a link that is closing already has answers to write
	}
}

func checkU(u string) *Error {
	if u == "" {
		return newError(InvalidRequest, ExecutedNo, `the request has no "u", which has to be a string that is not empty`)
	}
	if len(u) > wire.MaxID {
		e := newError(ResourceExhausted, ExecutedNo, `the request's "u" has more than %d bytes`, wire.MaxID)
		e.Details = map[string]any{wire.DetailLimit: "u_bytes", wire.DetailMax: wire.MaxID}
		return e
	}
	return nil
}

// unknownRole explains a message that can't be told what it is.
func unknownRole(role string, data []byte) *Error {
	if _, err := wire.DecodeHead(data); err != nil {
		return asError(err)
	}
	if role == "" {
		return newError(InvalidRequest, ExecutedNo, `the message has no "role"`)
	}
	return newError(InvalidRequest, ExecutedNo, "unknown role %q: known are %q, %q, %q, %q, %q and %q",
		role, wire.RoleRequest, wire.RoleCancel, wire.RoleAck, wire.RoleAuth, wire.RoleServer, wire.RoleInternalAnswer)
}
