package wire

// Roles of the messages between a node and a worker: a program at the other end
// of a JSON link that runs functions for the node.
const (
	RoleServer         = "server"          // worker → node: a [WorkerNotice]
	RoleServerResponse = "server-response" // node → worker: the answer to it
	RoleInternalCall   = "internal-rpc"    // node → worker: a [WorkerCall]
	RoleInternalAnswer = "internal-answer" // worker → node: a [WorkerAnswer]
)

// What a [WorkerNotice] says.
const (
	NoticeHello   = "HELLO"
	NoticeGoodbye = "GOODBYE"
	NoticeStatus  = "STATUS"
)

// What answers it, if it is not an error.
const (
	NoticeAdded = "ADDED"
	NoticeGone  = "GONE"
)

// Bounds of what one notice may say, besides those of names: a worker that is
// started by mistake in a loop must not fill the catalog of a whole cluster.
const (
	maxNotice     = 1 << 20 // bytes
	maxNoticed    = 1 << 10 // offers
	maxWorkerLocs = 64      // of an offer
	maxWorkerDoc  = 1 << 12 // characters
)

// WorkerNotice is a message of role "server": a worker offers functions, or
// withdraws them, or asks whether it is heard.
type WorkerNotice struct {
	U         string
	What      string        // one of the Notice constants
	ClusterID string        // empty if the worker does not say
	Offers    []WorkerOffer // of a GOODBYE, what is withdrawn: none means all
}

// WorkerOffer is a function that a worker runs.
type WorkerOffer struct {
	Function      string   `json:"fun"`
	Locs          []string `json:"locs"`
	Idempotent    bool     `json:"idempotent"`
	Doc           string   `json:"doc"`
	MaxConcurrent int      `json:"max_concurrent"` // calls at a time; 0 means no bound of the function's own
}

// DecodeWorkerNotice reads and checks a message of role "server", whose older form
// lists "funs" that have their "locs" in common. The error is an *Error.
func DecodeWorkerNotice(data []byte) (*WorkerNotice, error) {
	if len(data) > maxNotice { // before there is anything allocated for two bytes of it
		return nil, limitError("server_bytes", maxNotice, "a message of role %q has more than %d bytes", RoleServer, maxNotice)
	}
	var in struct {
		U      string `json:"u"`
		Server *struct {
			What      string        `json:"what"`
			ClusterID string        `json:"cluster_id"`
			Offers    []WorkerOffer `json:"offers"`
			Functions []string      `json:"funs"`
			Locs      []string      `json:"locs"`
		} `json:"server"`
	}
	if err := decode(data, &in); err != nil {
		return nil, err
	}
	if err := checkID(in.U); err != nil {
		return nil, err
	}
	s := in.Server
	switch {
	case s == nil:
		return nil, Errorf(InvalidRequest, "field %q is missing", "server")
	case s.What != NoticeHello && s.What != NoticeGoodbye && s.What != NoticeStatus:
		return nil, Errorf(InvalidRequest, "field %q must be %q, %q or %q, not %q",
			"server.what", NoticeHello, NoticeGoodbye, NoticeStatus, clip(s.What))
	case s.What == NoticeHello && s.Offers == nil && s.Functions == nil:
		return nil, Errorf(InvalidRequest, "a %s says in %q or %q which functions it offers", NoticeHello, "server.offers", "server.funs")
	}
	n := &WorkerNotice{U: in.U, What: s.What, ClusterID: s.ClusterID, Offers: s.Offers}
	b := bounds{}
	b.chars("server.cluster_id", s.ClusterID, MaxName)
	b.most("server.offers", len(s.Offers), maxNoticed, "entries")
	b.most("server.funs", len(s.Functions), maxNoticed, "entries")
	b.names("server.funs", s.Functions, maxNoticed)
	b.names("server.locs", s.Locs, maxWorkerLocs)
	for i := range n.Offers {
		b.at("server.offers", i)
		n.Offers[i].check(&b)
	}
	if b.err != nil {
		return nil, b.err
	}
	for _, name := range s.Functions {
		n.Offers = append(n.Offers, WorkerOffer{Function: name, Locs: s.Locs})
	}
	return n, nil
}

func (o *WorkerOffer) check(b *bounds) {
	b.name("fun", o.Function)
	b.names("locs", o.Locs, maxWorkerLocs)
	b.chars("doc", o.Doc, maxWorkerDoc)
	if o.MaxConcurrent < 0 {
		b.fail("max_concurrent", "must be at least 0")
	}
}

// checkID holds the u of a message against its bounds.
func checkID(u string) error {
	if u == "" {
		return Errorf(InvalidRequest, "field %q is missing or empty", "u")
	}
	b := bounds{}
	if b.most("u", len(u), MaxID, "bytes"); b.err != nil {
		return b.err
	}
	return nil
}

// AppendNoticeAnswer appends the answer to the notice u: an error, or else a text.
func AppendNoticeAnswer(dst []byte, u, answer string, e *Error) []byte {
	dst = appendString(append(dst, `{"role":"server-response","u":`...), u)
	if e != nil {
		dst = append(dst, `,"r":null,"error":`...)
		return append(appendError(dst, e), '}')
	}
	dst = appendString(append(dst, `,"r":`...), answer)
	return append(dst, `,"error":null}`...)
}
