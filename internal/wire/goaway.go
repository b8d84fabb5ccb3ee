package wire

// GoawayReason says why an end of a link wants no more requests on it.
type GoawayReason uint8

// The reasons. One that is not known is read as GoawayOther.
const (
	GoawayDraining  GoawayReason = 1
	GoawayDuplicate GoawayReason = 2 // there is another link between the two nodes
	GoawayOther     GoawayReason = 3
	GoawayUnused    GoawayReason = 4 // neither end needs the link
)

// Goaway tells that its sender will send no further request on the link, and
// wants none.
type Goaway struct {
	Reason  GoawayReason
	Message string // for the log; may be empty
}

// Goaway writes a GOAWAY frame.
func (f *Frame) Goaway(g *Goaway) {
	f.begin(KindGoaway, 0)
	f.uv(uint64(g.Reason))
	f.str(g.Message)
}

// DecodeGoaway reads the body of a GOAWAY frame. The error is an *Error.
func DecodeGoaway(body []byte) (*Goaway, error) {
	d := frameReader{kind: KindGoaway, rest: body}
	g := &Goaway{Reason: GoawayOther}
	if n := d.uv("reason"); n >= uint64(GoawayDraining) && n <= uint64(GoawayUnused) {
		g.Reason = GoawayReason(n)
	}
	g.Message = d.str("message")
	d.end()
	if d.err != nil {
		return nil, d.err
	}
	return g, nil
}
