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
	RoleItem     = "rpc-item"
	RoleAck      = "ack"
	RoleEvent    = "rpc-event"
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

	// Stream asks for the result of the one leaf item by item, before the
	// response. Window bounds the items that are under way and were not
	// acknowledged; 0 means no bound but the link's.
	Stream bool `json:"stream"`
	Window int  `json:"window" validate:"gte=0,lte=1073741824"`

	// Events asks for an [Event] of each step.
	Events bool `json:"events"`

	// WaitForRoute has commands wait for a node that offers what they need.
	WaitForRoute bool `json:"wait_for_route"`

	// Hedge asks for a second attempt of idempotent commands that take longer
	// than HedgeMS milliseconds, or, where that is 0, than most did before.
	Hedge   bool    `json:"hedge"`
	HedgeMS float64 `json:"hedge_ms" validate:"gte=0"`

	// What follows travels in binary frames only.

	// Hops counts the nodes that have passed the request on.
	Hops uint8 `json:"-"`

	// Accept names the codec that results are wanted in; empty for JSON.
	Accept string `json:"-"`

	// Caller is whom the node that passed the request on vouches for; nil if it
	// does not.
	Caller *Caller `json:"-" validate:"-"`

	// WindowBytes is Window in bytes of encoded items: one item is always allowed.
	WindowBytes int64 `json:"-"`

	// Keep is the size in bytes above which the result may stay where it was made,
	// and be answered as a [Lease] for KeepFor; 0 if it must be answered itself.
	Keep    int64         `json:"-"`
	KeepFor time.Duration `json:"-"`

	// Splices are places in the arguments of the one command: arguments before
	// keywords, these in the order of their keys, and within each by place. They
	// do not overlap.
	Splices []Splice `json:"-" validate:"-"`

	// Fetch asks for a value instead: there are no commands then.
	Fetch *Fetch `json:"-" validate:"-"`
}

// maxTimeout keeps a timeout that a client made up from overflowing a
// time.Duration; nobody waits a hundred years.
const maxTimeout = 100 * 365 * 24 * time.Hour

// Timeout returns TimeoutMS as a duration, 0 for no deadline. A deadline that is
// too short for a duration is not none.
func (r *Request) Timeout() time.Duration { return duration(r.TimeoutMS) }

// HedgeAfter returns HedgeMS as a duration, 0 for what was observed before.
func (r *Request) HedgeAfter() time.Duration { return duration(r.HedgeMS) }

func duration(ms float64) time.Duration {
	if ms >= float64(maxTimeout/time.Millisecond) {
		return maxTimeout
	}
	if ms <= 0 {
		return 0
	}
	return max(time.Duration(ms*float64(time.Millisecond)), 1)
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
	if r.Fetch != nil && len(r.Commands) == 0 {
		fetch := *r
		fetch.Commands = []Command{{Name: "-", Function: "-"}} // for check, which wants one
		fetch.Node = r.Fetch.Node
		return fetch.check()
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
