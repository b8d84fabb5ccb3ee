package wire

import (
	"errors"

	"github.com/mpreg/mpreg/codec"
)

// Hello is the first frame that each end of a link sends: who it is and what it
// can do.
type Hello struct {
	Versions []int    `json:"versions" validate:"required,min=1,max=64,dive,gte=1"`
	Features []string `json:"features,omitempty" validate:"max=64,dive,required,max=256"`

	// Node is the id of the node, empty for a client, and Incarnation tells its
	// starts apart: the later one is larger.
	Node        string `json:"node,omitempty" validate:"max=256"`
	Name        string `json:"name,omitempty" validate:"max=256"`
	Incarnation int64  `json:"incarnation,omitempty" validate:"gte=0"`

	// Cluster is the id of the cluster; empty for a client that takes any.
	Cluster string   `json:"cluster,omitempty" validate:"max=256"`
	URLs    []string `json:"urls,omitempty" validate:"max=64,dive,required,max=2048"`

	// Codecs are the names of the codecs that this end can decode.
	Codecs []string `json:"codecs,omitempty" validate:"max=64,dive,required,max=32"`
	Limits Limits   `json:"limits,omitzero"`

	// Auth is a token, empty if there is none or the handshake had it.
	Auth string `json:"auth,omitempty" validate:"max=65536"`
}

// Limits are what an end of a link accepts.
type Limits struct {
	MessageBytes int64 `json:"message_bytes" validate:"gte=0"` // of one frame; 0: not stated
}

// Hello writes a HELLO frame. The error, of something that the other end would
// refuse, is an *Error.
func (f *Frame) Hello(h *Hello) error {
	f.begin(KindHello, 0)
	if err := check(h); err != nil {
		return f.drop(inFrame(KindHello, err))
	}
	data, err := codec.CBOR{}.Append(f.buf, h)
	if err != nil {
		return f.drop(Errorf(Internal, "the HELLO frame can't be written: %v", errors.Unwrap(err))) // less the name of the Go type
	}
	f.buf = data
	return nil
}

// DecodeHello reads and checks the body of a HELLO frame. The error is an
// *Error.
func DecodeHello(body []byte) (*Hello, error) {
	h := new(Hello)
	err := readMap(body, h)
	if err == nil {
		err = check(h)
	}
	if err != nil {
		return nil, inFrame(KindHello, err)
	}
	return h, nil
}
