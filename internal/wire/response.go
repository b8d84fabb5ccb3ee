package wire

import "github.com/mpreg/mpreg/codec"

// Response answers a request: with Results, or with Error.
type Response struct {
	U       string
	Results []Result
	Error   *Error

	// Items counts the items of a stream, which came before. Streamed is set for
	// those: their one result is null.
	Streamed bool
	Items    int64

	// Intermediate and Summary are there if the request asked for them.
	Intermediate []Level
	Summary      *Summary
}

// Result is one command's result.
type Result struct {
	Name  string
	Value codec.Value
}

// Level tells what the commands of one level gave: a command's level is the
// longest path to it from a command without inputs. Commands start when their
// own inputs are ready, so levels overlap in time.
type Level struct {
	RequestID string  `json:"request_id"`
	Index     int     `json:"level_index"`
	Results   Results `json:"level_results"`

	// AccumulatedResults are those of this level and all before. They are put
	// together while a response is written, up to its limit, as they grow with
	// the square of the request; a level that is to be written need not have
	// them.
	AccumulatedResults Results `json:"accumulated_results" cbor:"-"`

	TotalLevels     int     `json:"total_levels"`
	CompletedLevels int     `json:"completed_levels"`
	Timestamp       float64 `json:"timestamp"` // when its last command ended, in Unix seconds
	ExecutionTimeMS float64 `json:"execution_time_ms"`
}

// Results are results by their commands' names.
type Results = map[string]codec.Value

// Summary tells how the execution of a request went.
type Summary struct {
	RequestID                string    `json:"request_id"`
	TotalExecutionTimeMS     float64   `json:"total_execution_time_ms"`
	TotalLevels              int       `json:"total_levels"`
	LevelExecutionTimes      []float64 `json:"level_execution_times"` // ms
	BottleneckLevelIndex     int       `json:"bottleneck_level_index"`
	AverageLevelTimeMS       float64   `json:"average_level_time_ms"`
	ParallelCommandsExecuted int       `json:"parallel_commands_executed"` // commands that ran while another one did
	CrossClusterHops         int       `json:"cross_cluster_hops"`
}

// AppendResponse appends r as a JSON message of at most limit bytes (0: any).
// It fails, with an *Error and a slice of no use but its capacity, where a
// result does not fit into JSON or the message into the limit.
func AppendResponse(dst []byte, r *Response, limit int64) ([]byte, error) {
	b := bounded{buf: dst, start: len(dst), limit: limit}
	b.text(`{"role":"rpc-response","u":`)
	b.string(r.U)
	if r.Error != nil {
		b.text(`,"r":null,"error":`)
		b.buf = appendError(b.buf, r.Error)
		b.text("}")
		return b.buf, b.err
	}
	b.text(`,"r":{`)
	for i := range r.Results {
		b.member(i, r.Results[i].Name, r.Results[i].Value)
	}
	b.text(`},"error":null`)
	if r.Streamed {
		b.text(`,"items":`)
		b.any(r.Items)
	}
	if r.Intermediate != nil {
		b.levels(r.Intermediate)
	}
	if r.Summary != nil {
		b.text(`,"execution_summary":`)
		b.any(r.Summary)
	}
	b.text("}")
	return b.buf, b.err
}

// response is a Response as it stands on the wire.
type response struct {
	U            string   `json:"u"`
	R            Results  `json:"r"`
	Error        *Error   `json:"error"`
	Items        *int64   `json:"items"`
	Intermediate []Level  `json:"intermediate_results"`
	Summary      *Summary `json:"execution_summary"`
}

// DecodeResponse reads a message of role "rpc-response". The order of the
// results is lost: JSON objects have none. A node is trusted more than a
// stranger, so that a response is not held against limits besides the depth.
// The response may keep data, which must not change any more. The error is an
// *Error.
func DecodeResponse(data []byte) (*Response, error) {
	if r, ok := quickResponse(data); ok {
		return r, nil
	}
	return readResponse(data)
}

// readResponse is DecodeResponse for every response.
func readResponse(data []byte) (*Response, error) {
	var in response
	if err := decode(data, &in); err != nil {
		return nil, err
	}
	switch {
	case in.U == "":
		return nil, Errorf(InvalidRequest, "field %q is missing or empty", "u")
	case in.Error != nil:
		return &Response{U: in.U, Error: in.Error}, nil
	case in.R == nil:
		return nil, Errorf(InvalidRequest, "the response has neither %q nor %q", "r", "error")
	}
	r := &Response{U: in.U, Intermediate: in.Intermediate, Summary: in.Summary, Results: make([]Result, 0, len(in.R))}
	if in.Items != nil {
		r.Streamed, r.Items = true, *in.Items
	}
	for name, value := range in.R {
		r.Results = append(r.Results, Result{name, value})
	}
	return r, nil
}
