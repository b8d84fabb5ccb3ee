package wire

import (
	"strconv"

	"github.com/mpreg/mpreg/codec"
)

// Tags of what a request may have besides. Who does not know an odd tag skips
// it; an even one it must know.
const (
	tagTraceparent = 1
	tagNode        = 2
	tagHeader      = 3
	tagCluster     = 4
	tagCaller      = 5
	tagAccept      = 6
	tagU           = 7
)

// Tags of what a result may have besides.
const (
	tagLevels  = 1
	tagSummary = 3
)

// requestTLVs writes what a request has besides its commands. The error is an
// *Error.
func (f *Frame) requestTLVs(id uint64, r *Request) error {
	u := r.U
	if isDecimal(u, id) {
		u = "" // what the reader takes for it
	}
	count := len(r.Headers)
	for _, s := range [...]string{r.Traceparent, r.Node, r.ClusterID, r.Accept, u} {
		if s != "" {
			count++
		}
	}
	if r.Caller != nil {
		count++
	}
	f.count(count)
	if count == 0 {
		return nil
	}
	f.textTLV(tagTraceparent, r.Traceparent)
	f.textTLV(tagNode, r.Node)
	f.headerTLVs(r.Headers)
	f.textTLV(tagCluster, r.ClusterID)
	if r.Caller != nil {
		data, err := codec.CBOR{}.Append(nil, r.Caller)
		if err != nil {
			return Errorf(Internal, "the caller's identity can't be sent: %v", err)
		}
		f.uv(tagCaller)
		f.bytes(data)
	}
	f.textTLV(tagAccept, r.Accept)
	f.textTLV(tagU, u)
	return nil
}

// textTLV writes s unless it is empty.
func (f *Frame) textTLV(tag uint64, s string) {
	if s != "" {
		f.uv(tag)
		f.str(s)
	}
}

func (f *Frame) headerTLVs(headers map[string]string) {
	var few [8]string
	for _, key := range appendSortedKeys(few[:0], headers) {
		value := validText(headers[key])
		key = validText(key)
		f.uv(tagHeader)
		f.count(uvSize(len(key)) + len(key) + uvSize(len(value)) + len(value))
		f.str(key)
		f.str(value)
	}
}

// tagNames are the fields that the tags of requests stand for, as in JSON.
var tagNames = [...]string{
	tagTraceparent: "traceparent", tagNode: "node", tagHeader: "headers", tagCluster: "cluster_id",
	tagCaller: "caller", tagAccept: "accept", tagU: "u",
}

// requestTLVs reads what a request has besides its commands.
func (d *frameReader) requestTLVs(r *Request) {
	var seen uint64 // a bit for each tag
	for range d.count("tlvs", 2) {
		tag, data := d.uv("tlvs"), d.bytes("tlvs")
		switch {
		case d.err != nil:
			return
		case tag == tagHeader:
			d.header(r, data)
		case tag == 0 || tag >= uint64(len(tagNames)):
			d.unknownTag(tag)
		case seen&(1<<tag) != 0:
			d.fail(tagNames[tag], "is there twice")
		default:
			seen |= 1 << tag
			d.requestTLV(r, tag, data)
		}
	}
}

func (d *frameReader) requestTLV(r *Request, tag uint64, data []byte) {
	field := tagNames[tag]
	if tag == tagCaller {
		r.Caller = d.caller(field, data)
		return
	}
	text := d.text(field, data)
	switch tag {
	case tagTraceparent:
		r.Traceparent = text
	case tagNode:
		r.Node = text
	case tagCluster:
		r.ClusterID = text
	case tagAccept:
		if text != "" && !isCodecName(text) {
			d.fail(field, "is %q: the name of a codec has 1 to %d characters of a-z, 0-9, '.', '+' and '-'", clip(text), maxCodecName)
		}
		r.Accept = text
	case tagU:
		r.U = text
	}
}

// unknownTag lets pass what need not be understood.
func (d *frameReader) unknownTag(tag uint64) {
	if tag%2 == 0 {
		d.fail("tlvs", "has tag %d, which is not known here and must not be skipped", tag)
	}
}

func (d *frameReader) header(r *Request, data []byte) {
	in := frameReader{kind: d.kind, rest: data}
	key, value := in.str("headers"), in.str("headers")
	in.end()
	if in.err != nil {
		d.refuse(in.err)
		return
	}
	if _, again := r.Headers[key]; again {
		d.fail("headers", "has %q twice", clip(key))
		return
	}
	if r.Headers == nil {
		r.Headers = make(map[string]string)
	}
	r.Headers[key] = value
}

// isDecimal reports whether s is id in decimal digits.
func isDecimal(s string, id uint64) bool {
	var digits [20]byte
	return s == string(strconv.AppendUint(digits[:0], id, 10))
}
