package mpreg

import "context"

// Credentials are what somebody at the other end of a link shows.
type Credentials struct {
	Token      string // of an "Authorization: Bearer" header or an auth message; empty if there was none
	RemoteAddr string // where the link comes from
}

// Identity is who an [Authenticator] found at the other end of a link.
type Identity struct {
	Name   string            // unique within what authenticates
	Claims map[string]string // whatever else the application wants to know of them; may be nil
}

// Authenticator decides who is at the other end of a link, once a link and
// before anything is executed for it. An error refuses: with status 401 in the
// handshake, with code [Unauthenticated] in answer to an auth message. Its text
// goes to the log, not to who was refused. A link that shows no token in its
// handshake is let in, and may do nothing until an auth message was accepted:
// browsers can't set headers. It is called concurrently.
type Authenticator func(context.Context, Credentials) (Identity, error)

// Authorizer decides whether the caller, whom [InfoFromContext] tells, may run
// a command here. An error refuses with [PermissionDenied] and the error's text.
// It is called concurrently, before the arguments are decoded.
type Authorizer func(context.Context, *Invocation) error
