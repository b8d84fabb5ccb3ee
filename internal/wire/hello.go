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
	Auth    string  `json:"auth,omitempty" validate:"max=65536"`
	Catalog Catalog `json:"catalog,omitzero"`
}

// Limits are what an end of a link accepts.
type Limits struct {
	MessageBytes int64 `json:"message_bytes" validate:"gte=0"` // of one frame; 0: not stated
}

// Hello writes a HELLO frame. The error, of something that the other end would
// refuse, is an *Error.
func (f *Frame) Hello(h *Hello) error { return f.form(KindHello, h, &h.Catalog) }

// DecodeHello reads and checks the body of a HELLO frame. The error is an
// *Error.
func DecodeHello(body []byte) (*Hello, error) {
	h := new(Hello)
	if err := decodeMap(KindHello, body, h); err != nil {
		return nil, err
	}
	return h, nil
}

// form writes a frame that is one CBOR map, of which c is a part or all.
func (f *Frame) form(kind FrameKind, m any, c *Catalog) error {
	f.begin(kind, 0)
	err := check(m)
	if err == nil {
		err = c.checkOffers()
	}
	if err != nil {
		return f.drop(inFrame(kind, err))
	}
	data, err := codec.CBOR{}.Append(f.buf, m)
	if err != nil {
		return f.drop(Errorf(Internal, "the %v frame can't be written: %v", kind, errors.Unwrap(err))) // less the name of the Go type
	}
	f.buf = data
	return nil
}
