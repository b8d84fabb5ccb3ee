package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"time"
)

// Roles of JSON messages.
const (
	RoleRequest  = "rpc"
	RoleResponse = "rpc-response"
	RoleCancel   = "cancel"
	RoleAuth     = "auth"
)

// Explicit is the value of Request.Refs that turns off names mode.
const Explicit = "explicit"

// Request is one or more commands, and how their caller wants them run.
type Request struct {
	U        string    `json:"u" validate:"required,maxbytes=128"`
	Commands []Command `json:"cmds" validate:"required,min=1,max=10000"`

	// Refs is Explicit, or empty for names mode.
	Refs string `json:"refs" validate:"omitempty,oneof=explicit"`

	// Return names commands whose results are wanted besides the leaves'.
	Return []string `json:"return" validate:"max=10000,dive,required,max=256"`

	// TimeoutMS is the time that is left for the whole request, in
	// milliseconds; 0 means no deadline.
	TimeoutMS float64 `json:"timeout_ms" validate:"gte=0"`

	Traceparent string            `json:"traceparent" validate:"max=256"`
	Headers     map[string]string `json:"headers" validate:"max=64,dive,keys,required,max=256,endkeys,max=8192"`
	ClusterID   string            `json:"cluster_id" validate:"max=256"`

	// Node is the id or the name of the node that must run every command; empty
	// for any.
	Node string `json:"node" validate:"max=256"`

	ReturnIntermediate bool `json:"return_intermediate_results"`
	IncludeSummary     bool `json:"include_execution_summary"`

	// What follows travels in binary frames only.

	// Hops counts the nodes that have passed the request on.
	Hops uint8 `json:"-"`

	// Accept names the codec that results are wanted in; empty for JSON.
	Accept string `json:"-"`

	// Caller is whom the node that passed the request on vouches for; nil if it
	// does not.
	Caller *Caller `json:"-" validate:"-"`
}

// maxTimeout keeps a timeout that a client made up from overflowing a
// time.Duration; nobody waits a hundred years.
const maxTimeout = 100 * 365 * 24 * time.Hour

// Timeout returns TimeoutMS as a duration, 0 for no deadline. A deadline that is
// too short for a duration is not none.
func (r *Request) Timeout() time.Duration {
	if r.TimeoutMS >= float64(maxTimeout/time.Millisecond) {
		return maxTimeout
	}
	if r.TimeoutMS <= 0 {
		return 0
	}
	return max(time.Duration(r.TimeoutMS*float64(time.Millisecond)), 1)
}

// SetTimeout sets TimeoutMS. A duration that is used up becomes the shortest
// that is not "no deadline".
func (r *Request) SetTimeout(d time.Duration) {
	r.TimeoutMS = float64(max(d, time.Microsecond)) / float64(time.Millisecond)
}

// DecodeRequest reads and checks a message of role "rpc"; the role itself is
// the reader's concern. The request may keep data, which must not change any
// more. The error is an *Error.
func DecodeRequest(data []byte) (*Request, error) {
	r, err := readRequest(data)
	if err != nil {
		return nil, err
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	return r, nil
}

// Check holds a request against the bounds of a message, for one that was made
// in this process and does not become a message. The error is an *Error.
func (r *Request) Check() error {
	if r.ordinary() {
		return nil
	}
	return r.check()
}

// ParseRequest is DecodeRequest for a request that is not on its way yet: it
// needs no u, and the result has none; data may be used again. The error is an
// *Error.
func ParseRequest(data []byte) (*Request, error) {
	r, err := readRequest(bytes.Clone(data))
	if err != nil {
		return nil, err
	}
	r.U = "-" // for check, which wants one
	if err := r.check(); err != nil {
		return nil, err
	}
	r.U = ""
	return r, nil
}

// readRequest decodes a request that is not checked yet.
func readRequest(data []byte) (*Request, error) {
	if tooManyEntries(data) {
		return nil, tooMany()
	}
	if r, ok := quickRequest(data); ok {
		return r, nil
	}
	return readAnyRequest(data)
}

// readAnyRequest is readRequest for every request. Older clients put all of it
// but the role into a member "rpc", which is of no concern where there are
// commands beside it. A u outside counts before one inside, as it does for Sniff.
func readAnyRequest(data []byte) (*Request, error) {
	var m struct {
		Request
		Older json.RawMessage `json:"rpc"`
	}
	if err := decode(data, &m); err != nil {
		return nil, err
	}
	if m.Commands != nil || m.Older == nil || string(m.Older) == "null" {
		return &m.Request, nil
	}
	older := new(Request)
	if tooManyEntries(m.Older) {
		return nil, tooMany()
	}
	if err := decode(m.Older, older); err != nil {
		return nil, err
	}
	older.U = cmp.Or(m.U, older.U)
	return older, nil
}

func tooMany() *Error {
	return limitError("entries", MaxEntries,
		"the request has more than %d commands, arguments, keywords, locs and references; split it, or pass lists as one argument", MaxEntries)
}

// AppendRequest appends r as a JSON message. It fails, with an *Error and a nil
// slice, where a value of another codec does not fit into JSON.
func AppendRequest(dst []byte, r *Request) ([]byte, error) {
	dst = append(dst, `{"role":"rpc","u":`...)
	dst = appendString(dst, r.U)
	dst = append(dst, `,"cmds":[`...)
	for i := range r.Commands {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendCommand(dst, &r.Commands[i]); err != nil {
			return nil, err
		}
	}
	dst = append(dst, ']')
	if r.Refs != "" {
		dst = appendString(append(dst, `,"refs":`...), r.Refs)
	}
	if len(r.Return) > 0 {
		dst = appendStrings(append(dst, `,"return":`...), r.Return)
	}
	if r.TimeoutMS > 0 {
		dst = appendFloat(append(dst, `,"timeout_ms":`...), r.TimeoutMS)
	}
	if r.Traceparent != "" {
		dst = appendString(append(dst, `,"traceparent":`...), r.Traceparent)
	}
	if len(r.Headers) > 0 {
		dst = appendHeaders(append(dst, `,"headers":`...), r.Headers)
	}
	if r.ClusterID != "" {
		dst = appendString(append(dst, `,"cluster_id":`...), r.ClusterID)
	}
	if r.Node != "" {
		dst = appendString(append(dst, `,"node":`...), r.Node)
	}
	if r.ReturnIntermediate {
		dst = append(dst, `,"return_intermediate_results":true`...)
	}
	if r.IncludeSummary {
		dst = append(dst, `,"include_execution_summary":true`...)
	}
	return append(dst, '}'), nil
}
