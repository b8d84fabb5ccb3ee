package mpreg

import (
	"context"
	"time"
)

// EventKind says what an [Event] tells.
type EventKind string

// The kinds of events.
const (
	RequestStarted  EventKind = "request_started"
	RequestEnded    EventKind = "request_ended"
	CommandStarted  EventKind = "started"
	CommandFinished EventKind = "finished"
	CommandFailed   EventKind = "failed"
)

// Event is something that happened while a node executed a request.
type Event struct {
	Kind     EventKind
	Request  string        // the request's id, as its caller chose it
	Peer     string        // the address of who asked; empty for a call from within the node
	Command  string        // empty for the events of a request
	Function string        // empty for the events of a request
	Node     string        // the name of the node that executes the request; empty for [OnEvent]
	NodeID   string        // the id of the node that runs the command; empty if none was found, and for a request
	Time     time.Time     // when it happened
	Duration time.Duration // of what ended; 0 for what started
	Bytes    int           // the encoded size of the result; 0 for what started or failed
	Err      error         // why it failed, an *Error; nil otherwise
}

// Observer is told of the requests that a node executes and of their commands.
// It is called concurrently, for the commands of one request too where they run
// at the same time. It is called in the path of the call: it must be quick, must
// not block, and must not panic.
type Observer func(context.Context, Event)
