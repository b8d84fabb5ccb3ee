package wire

import (
	"errors"
	"maps"
	"math"
	"strconv"

	"github.com/mpreg/mpreg/codec"
)

// maxAccumulated bounds the accumulated results of a response, which grow with
// the square of the request.
const maxAccumulated = MaxEntries

// resultTLVs writes the reports on the execution, if there are any, and that the
// results came before. The error is an *Error.
func (f *Frame) resultTLVs(r *Response, limit int64) error {
	count := 0
	if r.Intermediate != nil {
		count++
	}
	if r.Summary != nil {
		count++
	}
	if r.Streamed {
		count++
	}
	f.count(count)
	if r.Intermediate != nil {
		data, err := appendLevels(r.Intermediate, limit)
		if err != nil {
			return err
		}
		f.uv(tagLevels)
		f.bytes(data)
	}
	if r.Summary != nil {
		data, err := codec.CBOR{}.Append(nil, r.Summary)
		if err != nil {
			return unreportable(err)
		}
		f.uv(tagSummary)
		f.bytes(data)
	}
	if r.Streamed {
		f.numbersTLV(tagItems, uint64(max(r.Items, 0)))
	}
	return nil
}

func unreportable(err error) *Error {
	return Errorf(Internal, "the report on the execution can't be sent as CBOR: %v", err)
}

// appendLevels encodes levels, as long as they stay within the limit, without
// their accumulated results, which the reader puts together.
func appendLevels(levels []Level, limit int64) ([]byte, error) {
	list := make([]codec.Value, len(levels))
	size, before, accumulated := 0, 0, 0
	for i := range levels {
		form, err := newLevelForm(&levels[i])
		if err != nil {
			return nil, unreportable(err)
		}
		data, err := codec.CBOR{}.Append(nil, form)
		if err != nil {
			return nil, unreportable(err)
		}
		before += len(levels[i].Results)
		accumulated += before
		if accumulated > maxAccumulated {
			return nil, tooMuchAccumulated()
		}
		if size += len(data); limit > 0 && int64(size) > limit {
			return nil, responseTooLarge(limit)
		}
		list[i] = codec.Raw(codec.CBOR{}, data)
	}
	data, err := codec.CBOR{}.Append(nil, list)
	if err != nil {
		return nil, unreportable(err)
	}
	return data, nil
}

func tooMuchAccumulated() *Error {
	return limitError("accumulated_results", maxAccumulated,
		"the accumulated intermediate results have more than %d entries: ask for none, or split the request", maxAccumulated)
}

// resultTLVs reads what Frame.resultTLVs writes.
func (d *frameReader) resultTLVs(r *Response) {
	var levels, summary bool
	for range d.count("tlvs", 2) {
		tag, data := d.uv("tlvs"), d.bytes("tlvs")
		switch {
		case d.err != nil:
			return
		case tag == tagLevels:
			if !once(&levels) {
				d.fail("intermediate_results", "is there twice")
				return
			}
			r.Intermediate = d.levels(data)
		case tag == tagSummary:
			if !once(&summary) {
				d.fail("execution_summary", "is there twice")
				return
			}
			r.Summary = d.summary(data)
		case tag == tagItems:
			if !once(&r.Streamed) {
				d.fail("items", "is there twice")
				return
			}
			d.within(data, func() { r.Items = int64(d.most("items", math.MaxInt64)) })
		default:
			d.unknownTag(tag)
		}
	}
}

func (d *frameReader) summary(data []byte) *Summary {
	s := new(Summary)
	if err := readMap(data, s); err != nil {
		d.fail("execution_summary", "is malformed: %v", err)
		return nil
	}
	return s
}

func (d *frameReader) levels(data []byte) []Level {
	const field = "intermediate_results"
	if _, _, ok := (codec.CBOR{}).Find(data, strconv.Itoa(MaxCommands)); ok {
		// Found out before anything is allocated: a level may be one byte.
		d.refuse(limitError(field+"_entries", MaxCommands, "field %q has more than %d entries", field, MaxCommands))
		return nil
	}
	forms := []levelForm{}
	if err := (codec.CBOR{}).Decode(data, &forms); err != nil {
		d.fail(field, "is malformed: %v", mapFault(errors.Unwrap(err)))
		return nil
	}
	levels := make([]Level, len(forms))
	total, entries := map[string]codec.Value{}, 0
	for i := range levels {
		levels[i] = forms[i].level(d)
		maps.Copy(total, levels[i].Results)
		if entries += len(total); entries > maxAccumulated {
			d.refuse(tooMuchAccumulated())
			return nil
		}
		levels[i].AccumulatedResults = maps.Clone(total)
	}
	return levels
}
