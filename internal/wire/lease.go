package wire

import (
	"errors"
	"strconv"

	"github.com/mpreg/mpreg/codec"
)

// Token tells the leases of a node apart. It is random: who knows it may have the
// value.
type Token [16]byte

// Lease stands for a result that stayed at the node that made it. It travels in
// the place of a value: it is the codec of a [codec.Value] without bytes, which
// [Lease.Value] returns and [LeaseOf] looks into.
type Lease struct {
	Node  string // the id of the node that holds the result
	Token Token
	Size  int64 // of the encoded result, in bytes
}

var errLease = errors.New("the value is held by another node: it has to be fetched first")

// Name implements codec.Codec.
func (l *Lease) Name() string { return "lease" }

// Append implements codec.Codec. It fails: nothing is encoded as a lease.
func (l *Lease) Append(dst []byte, _ any) ([]byte, error) { return dst, errLease }

// Decode implements codec.Codec. It fails: the value is elsewhere.
func (l *Lease) Decode([]byte, any) error { return errLease }

// Value returns what stands for the result among values.
func (l *Lease) Value() codec.Value { return codec.Raw(l, nil) }

// LeaseOf returns the lease that v stands for, nil if it is a value itself.
func LeaseOf(v codec.Value) *Lease {
	l, _ := v.Codec().(*Lease)
	return l
}

// reported returns what a report on the execution has in the place of v: of a
// result that stayed where it was made, where that is and how large it is.
func reported(v codec.Value) codec.Value {
	l := LeaseOf(v)
	if l == nil {
		return v
	}
	data := appendString([]byte(`{"node":`), l.Node)
	data = strconv.AppendInt(append(data, `,"size":`...), l.Size, 10)
	return codec.Raw(codec.JSON{}, append(data, '}'))
}

// Splice is a place within a command's arguments that the node which runs the
// command fills: coordinators do so themselves, but for results that they don't
// have.
type Splice struct {
	Arg   int    // index in Args, -1 for a keyword argument
	Kwarg string // key in Kwargs, where Arg is -1

	// Start and End are the place within the bytes of the argument, which is not
	// empty; both 0 for the whole argument.
	Start, End int

	Value codec.Value // a lease, or a value that belongs into the same argument as one
	Path  []string    // the part of a lease's result that goes there; empty is all of it

	// Optional is set in names mode: where the result has no such part, the
	// argument stays as it is. Else that is an error, about Command and Pointer.
	Optional bool
	Command  string // whose result it is
	Pointer  string // the place, as the request named it
}

// Fetch asks for a value that the other end, or the node with the id Node, holds
// under a lease. It is answered like a call: by its one result, or by none if the
// value has no part at Path.
type Fetch struct {
	Node  string
	Token Token
	Path  []string // object keys and array indexes; empty is all of it
}
