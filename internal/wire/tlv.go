package wire

import (
	"encoding/binary"
	"math"
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
	tagStream      = 8
	tagEvents      = 9
	tagWait        = 10
	tagHedge       = 11
	tagSplice      = 12
	tagKeep        = 13
)

// Tags of what a result may have besides.
const (
	tagLevels  = 1
	tagSummary = 3
	tagItems   = 5
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
	count += r.wishes()
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
	return f.wishTLVs(r)
}

// wishes counts the tlvs that wishTLVs writes: none for nearly all requests.
func (r *Request) wishes() int {
	count := len(r.Splices)
	for _, wish := range [...]bool{r.Stream, r.Events, r.WaitForRoute, r.Hedge, r.Keep > 0} {
		if wish {
			count++
		}
	}
	return count
}

// wishTLVs writes how a request wants to be run and answered.
func (f *Frame) wishTLVs(r *Request) error {
	if r.Stream {
		f.numbersTLV(tagStream, bound(int64(r.Window), MaxWindow), bound(r.WindowBytes, MaxWindowBytes))
	}
	if r.Events {
		f.numbersTLV(tagEvents)
	}
	if r.WaitForRoute {
		f.numbersTLV(tagWait)
	}
	if r.Hedge {
		f.numbersTLV(tagHedge, microseconds(r.HedgeAfter()))
	}
	if err := f.spliceTLVs(r); err != nil {
		return err
	}
	if r.Keep > 0 {
		f.numbersTLV(tagKeep, uint64(r.Keep), microseconds(r.KeepFor))
	}
	return nil
}

// bound returns n as it can be sent.
func bound(n, most int64) uint64 { return uint64(min(max(n, 0), most)) }

// numbersTLV writes numbers, of which there are two at most.
func (f *Frame) numbersTLV(tag uint64, numbers ...uint64) {
	var content [2 * binary.MaxVarintLen64]byte
	data := content[:0]
	for _, n := range numbers {
		data = binary.AppendUvarint(data, n)
	}
	f.uv(tag)
	f.count(len(data))
	f.buf = append(f.buf, data...)
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
	tagCaller: "caller", tagAccept: "accept", tagU: "u", tagStream: "stream", tagEvents: "events",
	tagWait: "wait_for_route", tagHedge: "hedge", tagSplice: "splices", tagKeep: "keep",
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
		case tag == tagSplice:
			d.splice(r, data)
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
	switch {
	case tag == tagCaller:
		r.Caller = d.caller(field, data)
		return
	case tag >= tagStream:
		d.within(data, func() { d.wish(r, tag, field) })
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

// wish reads what Frame.wishTLVs writes.
func (d *frameReader) wish(r *Request, tag uint64, field string) {
	switch tag {
	case tagStream:
		r.Stream = true
		r.Window, r.WindowBytes = int(d.most(field, MaxWindow)), int64(d.most(field, MaxWindowBytes))
	case tagEvents:
		r.Events = true
	case tagWait:
		r.WaitForRoute = true
	case tagHedge:
		r.Hedge, r.HedgeMS = true, milliseconds(d.micros(field))
	case tagKeep:
		r.Keep, r.KeepFor = int64(d.most(field, math.MaxInt64)), d.micros(field)
		if r.Keep == 0 {
			d.fail(field, "is for a result of any size: the least size is 1")
		}
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
