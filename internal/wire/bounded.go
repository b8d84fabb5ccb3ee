package wire

import "github.com/mpreg/mpreg/codec"

// bounded appends the parts of a message for as long as it stays within a
// limit and nothing failed. Accumulated intermediate results grow with the
// square of the request, so the bound must hold while a response is written,
// not after.
type bounded struct {
	buf   []byte
	start int   // where the message begins in buf
	limit int64 // 0: none
	err   error // an *Error: nothing is appended any more
}

// room reports whether n more bytes fit.
func (b *bounded) room(n int) bool {
	if b.err == nil && b.limit > 0 && int64(len(b.buf)-b.start+n) > b.limit {
		b.err = responseTooLarge(b.limit)
	}
	return b.err == nil
}

func responseTooLarge(limit int64) *Error {
	return limitError("message_bytes", limit,
		"the response is larger than the %d bytes that a message may have: ask for fewer or smaller results", limit)
}

func (b *bounded) text(s string) {
	if b.room(len(s)) {
		b.buf = append(b.buf, s...)
	}
}

func (b *bounded) bytes(p []byte) {
	if b.room(len(p)) {
		b.buf = append(b.buf, p...)
	}
}

func (b *bounded) string(s string) {
	if b.room(len(s)) {
		b.buf = appendString(b.buf, s)
	}
}

// any appends one of this package's own structs and numbers.
func (b *bounded) any(v any) {
	if b.err != nil {
		return
	}
	out, err := codec.JSON{}.Append(b.buf, v)
	if err != nil {
		b.err = Errorf(Internal, "the report on the execution can't be sent as JSON: %v", err)
		return
	}
	b.buf = out
}

// member appends the i-th member of an object.
func (b *bounded) member(i int, name string, v codec.Value) {
	if b.err != nil {
		return
	}
	v, err := checkedJSON(v)
	if err != nil {
		b.err = Errorf(Internal, "the result can't be sent as JSON: %v", err).With(DetailCommand, name)
		return
	}
	if i > 0 {
		b.text(",")
	}
	b.string(name)
	b.text(":")
	b.bytes(v.Bytes())
}

// levels appends the intermediate results. What has accumulated is kept in the
// form in which it is written: each result is encoded once.
func (b *bounded) levels(levels []Level) {
	var accumulated []byte // the members of an object
	b.text(`,"intermediate_results":[`)
	for i := range levels {
		if b.err != nil {
			return
		}
		l := &levels[i]
		if i > 0 {
			b.text(",")
		}
		b.text(`{"request_id":`)
		b.string(l.RequestID)
		b.text(`,"level_index":`)
		b.any(l.Index)
		b.text(`,"level_results":{`)
		from := len(b.buf)
		for n, name := range sortedKeys(l.Results) {
			b.member(n, name, reported(l.Results[name]))
		}
		if len(accumulated) > 0 && len(b.buf) > from {
			accumulated = append(accumulated, ',')
		}
		accumulated = append(accumulated, b.buf[from:]...)
		b.text(`},"accumulated_results":{`)
		b.bytes(accumulated)
		b.text(`},"total_levels":`)
		b.any(l.TotalLevels)
		b.text(`,"completed_levels":`)
		b.any(l.CompletedLevels)
		b.text(`,"timestamp":`)
		b.any(l.Timestamp)
		b.text(`,"execution_time_ms":`)
		b.any(l.ExecutionTimeMS)
		b.text("}")
	}
	b.text("]")
}
