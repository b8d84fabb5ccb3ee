package wire

import (
	"math"
	"strconv"
)

// What an [Event] tells.
const (
	EventStarted  = "started"
	EventFinished = "finished"
	EventFailed   = "failed"
)

// Event tells of a step of a request that runs: of one of its commands.
type Event struct {
	Name     string  `json:"name"` // the command's
	Function string  `json:"fun"`
	What     string  `json:"what"`
	Node     string  `json:"node,omitempty"` // the id of the node that runs it; empty if none was found
	AtMS     float64 `json:"t_ms"`           // since the request started

	// DurationMS is there once the command has ended, and Bytes, the size of its
	// encoded result, if it has finished.
	DurationMS float64 `json:"duration_ms,omitempty"`
	Bytes      int64   `json:"bytes,omitempty"`
	Error      *Error  `json:"error,omitempty"` // why it failed
}

// AppendEvent appends a message of role "rpc-event" about the request u. It
// fails, with an *Error and a slice of no use but its capacity, where a time is no
// number.
func AppendEvent(dst []byte, u string, e *Event) ([]byte, error) {
	if sum := e.AtMS + e.DurationMS; math.IsNaN(sum) || math.IsInf(sum, 0) {
		return dst, Errorf(Internal, "the event can't be sent as JSON: a time is no number").With(DetailCommand, e.Name)
	}
	dst = appendString(append(dst, `{"role":"rpc-event","u":`...), u)
	dst = appendString(append(dst, `,"name":`...), e.Name)
	dst = appendString(append(dst, `,"fun":`...), e.Function)
	dst = appendString(append(dst, `,"what":`...), e.What)
	if e.Node != "" {
		dst = appendString(append(dst, `,"node":`...), e.Node)
	}
	dst = appendFloat(append(dst, `,"t_ms":`...), e.AtMS)
	if e.What != EventStarted {
		dst = appendFloat(append(dst, `,"duration_ms":`...), e.DurationMS)
	}
	if e.What == EventFinished {
		dst = strconv.AppendInt(append(dst, `,"bytes":`...), e.Bytes, 10)
	}
	if e.Error != nil {
		dst = appendError(append(dst, `,"error":`...), e.Error)
	}
	return append(dst, '}'), nil
}
