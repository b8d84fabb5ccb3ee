package wire

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/mpreg/mpreg/codec"
)

// Code is an error code as it stands on the wire. Codes from 2000 on belong
// to the applications.
type Code int

// The codes of the protocol. docs/PROTOCOL.md says when each is sent.
const (
	NotFound          Code = 1001
	Internal          Code = 1002
	Failed            Code = 1003
	InvalidRequest    Code = 1004
	WrongCluster      Code = 1005
	InvalidArgument   Code = 1006
	DeadlineExceeded  Code = 1007
	Canceled          Code = 1008
	Unauthenticated   Code = 1009
	PermissionDenied  Code = 1010
	ResourceExhausted Code = 1011
	Unavailable       Code = 1012
)

// Keys of Error.Details that the protocol itself uses.
const (
	DetailCommand  = "command"
	DetailFunction = "function"
	DetailNode     = "node"
	DetailHop      = "hop"
	DetailExecuted = "executed" // "no", "maybe" or "yes"; absent means "maybe"
	DetailLimit    = "limit"    // the name of the limit that was hit
	DetailMax      = "max"      // its value
)

// Error is the "error" object of a response, and what this package and
// internal/plan return for bad input: Message and Details go to the caller
// as they are, so neither may hold a stack, a file path or another caller's
// data.
type Error struct {
	Code    Code
	Message string
	Details map[string]any
}

// Errorf returns an Error without details.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error implements the error interface.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// UnmarshalJSON reads an error object. The numbers in its details have the
// kinds of package codec.
func (e *Error) UnmarshalJSON(data []byte) error {
	var in struct {
		Code    Code        `json:"code"`
		Message string      `json:"message"`
		Details codec.Value `json:"details"`
	}
	if err := (codec.JSON{}).Decode(data, &in); err != nil {
		return malformed(err, "error")
	}
	if in.Code == 0 {
		return Errorf(InvalidRequest, "field %q is missing", "error.code")
	}
	e.Code, e.Message, e.Details = in.Code, in.Message, nil
	if err := in.Details.Decode(&e.Details); err != nil {
		return malformed(err, "error.details")
	}
	return nil
}

// MarshalJSON writes the error object, for an error that is a detail of
// another. It never fails.
func (e *Error) MarshalJSON() ([]byte, error) { return appendError(nil, e), nil }

// appendError never fails: a detail that JSON can't carry is left out rather
// than losing the error that it belongs to.
func appendError(dst []byte, e *Error) []byte {
	dst = strconv.AppendInt(append(dst, `{"code":`...), int64(e.Code), 10)
	dst = appendString(append(dst, `,"message":`...), e.Message)
	if len(e.Details) == 0 {
		return append(dst, '}')
	}
	dst = append(dst, `,"details":{`...)
	first := true
	for _, key := range sortedKeys(e.Details) {
		detail, ok := encodeDetail(e.Details[key])
		if !ok {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(appendString(dst, key), ':'), detail...)
	}
	return append(dst, "}}"...)
}

// encodeDetail reports whether JSON can carry a detail. An application's
// details may marshal themselves, and panic.
func encodeDetail(v any) (data []byte, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	data, err := codec.JSON{}.Append(nil, v)
	return data, err == nil && isJSON(data)
}

// With returns a copy of e with one more detail.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Details = maps.Clone(e.Details)
	if c.Details == nil {
		c.Details = make(map[string]any, 1)
	}
	c.Details[key] = value
	return &c
}

// limitError says which limit was hit, and what it is set to.
func limitError(limit string, limitValue int64, format string, args ...any) *Error {
	return Errorf(ResourceExhausted, format, args...).
		With(DetailLimit, limit).With(DetailMax, limitValue)
}
