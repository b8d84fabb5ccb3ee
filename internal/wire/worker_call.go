package wire

import (
	"time"
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
)

// WorkerCall is a call that a node has a worker run.
type WorkerCall struct {
	U           string
	Function    string
	Args        []codec.Value
	Kwargs      map[string]codec.Value
	Locs        []string
	Timeout     time.Duration // what is left of the caller's deadline; 0 if there is none
	Traceparent string
	Headers     map[string]string
}

// AppendWorkerCall appends c as a message of role "internal-rpc". It fails, with an
// *Error and a nil slice, where an argument is not JSON and has no form in it.
func AppendWorkerCall(dst []byte, c *WorkerCall) ([]byte, error) {
	dst = appendString(append(dst, `{"role":"internal-rpc","u":`...), c.U)
	dst = appendString(append(dst, `,"command":`...), c.Function)
	dst = append(dst, `,"args":[`...)
	for i, arg := range c.Args {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendChecked(dst, arg); err != nil {
			return nil, Errorf(InvalidArgument, "argument %d can't be sent to a worker, which takes JSON: %v", i, err)
		}
	}
	dst = append(dst, `],"kwargs":{`...)
	for i, key := range sortedKeys(c.Kwargs) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key), ':')
		var err error
		if dst, err = appendChecked(dst, c.Kwargs[key]); err != nil {
			return nil, Errorf(InvalidArgument, "keyword %q can't be sent to a worker, which takes JSON: %v", key, err)
		}
	}
	dst = appendStrings(append(dst, `},"results":{},"locs":`...), c.Locs)
	if c.Timeout > 0 {
		ms := float64(max(c.Timeout, time.Microsecond)) / float64(time.Millisecond)
		dst = appendFloat(append(dst, `,"timeout_ms":`...), ms)
	}
	if c.Traceparent != "" {
		dst = appendString(append(dst, `,"traceparent":`...), c.Traceparent)
	}
	dst = appendHeaders(append(dst, `,"headers":`...), c.Headers)
	return append(dst, '}'), nil
}

// WorkerAnswer is how a call ended at a worker: with Value, or with Error.
type WorkerAnswer struct {
	U     string
	Value codec.Value
	Error *Error // its Code is 0 if the worker has none
}

// DecodeWorkerAnswer reads and checks a message of role "internal-answer". An answer
// without "answer" is null: some languages leave out what is undefined. The answer
// may keep data, which must not change any more. The error is an *Error.
func DecodeWorkerAnswer(data []byte) (*WorkerAnswer, error) {
	a, ok := quickWorkerAnswer(data)
	if !ok {
		var err error
		if a, err = readWorkerAnswer(data); err != nil {
			return nil, err
		}
	}
	if err := checkID(a.U); err != nil {
		return nil, err
	}
	return a, nil
}

// quickWorkerAnswer reads the answer that nearly all are; see quickRequest.
func quickWorkerAnswer(data []byte) (*WorkerAnswer, bool) {
	a := new(WorkerAnswer)
	var seen [4]bool
	ok := codec.JSON{}.Members(data, func(key []byte, s codec.Span) bool {
		value := data[s.Start:s.End]
		switch string(key) {
		case "role":
			return once(&seen[0]) && isString(value)
		case "u":
			return once(&seen[1]) && text(value, &a.U)
		case "answer":
			a.Value = part(data, s)
			return once(&seen[2])
		case "error":
			return once(&seen[3]) && string(value) == "null"
		}
		return false
	})
	return a, ok && utf8.Valid(data)
}

// readWorkerAnswer is quickWorkerAnswer for every answer.
func readWorkerAnswer(data []byte) (*WorkerAnswer, error) {
	var in struct {
		U      string      `json:"u"`
		Answer codec.Value `json:"answer"`
		Error  *struct {
			Code    int         `json:"code"`
			Message string      `json:"message"`
			Details codec.Value `json:"details"`
		} `json:"error"`
	}
	if err := decode(data, &in); err != nil {
		return nil, err
	}
	a := &WorkerAnswer{U: in.U, Value: in.Answer}
	if in.Error != nil {
		a.Value = codec.Value{}
		a.Error = &Error{Code: Code(in.Error.Code), Message: in.Error.Message}
		if err := in.Error.Details.Decode(&a.Error.Details); err != nil {
			return nil, malformed(err, "error.details")
		}
	}
	return a, nil
}
