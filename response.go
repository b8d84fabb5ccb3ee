package mpreg

import (
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// Response holds the results of a [Request]. It may be read concurrently.
type Response struct {
	// Results are the results of the leaves and of what was asked for besides,
	// by the commands' names.
	Results map[string]Value

	// Levels tell the results level by level, if the request asked for them.
	Levels []Level

	// Summary tells how the execution went, nil if the request did not ask.
	Summary *Summary

	request *Request
	names   []string
}

// Level tells what the commands of one level gave: the level of a command is
// the longest path to it from a command without inputs. As commands start when
// their own inputs are ready, levels overlap in time.
type Level struct {
	Index    int
	Results  map[string]Value // by the commands' names
	Ended    time.Time        // when its last command ended, by the node's clock
	Duration time.Duration    // from the start of its first command
}

// Summary tells how the execution of a request went.
type Summary struct {
	Duration         time.Duration   // of the execution, without the way to the node
	Levels           []time.Duration // how long each level took
	SlowestLevel     int             // the index of the level that took longest
	ParallelCommands int             // commands that ran while another one did
	Hops             int             // commands that ran on another node than the request's coordinator
}

// Get decodes the result of a command. Only leaves and commands given to
// [Request.Return] have one: anything else is an *[Error] with [NotFound].
func Get[T any](r *Response, c *Command) (T, error) {
	var out T
	v, err := r.Value(c)
	if err != nil {
		return out, err
	}
	err = decodeResult(v, &out, r.names[c.index], c.function)
	return out, err
}

// Value returns the encoded result of a command; its error is that of [Get].
func (r *Response) Value(c *Command) (Value, error) {
	if c.request != r.request || c.index >= len(r.names) {
		return Value{}, newError(NotFound, ExecutedYes, "the command was not part of the request that was done").
			at("", c.function, "")
	}
	v, ok := r.Results[r.names[c.index]]
	if !ok {
		return Value{}, newError(NotFound, ExecutedYes, "the result was not returned, as other commands use it: ask for it with Return").
			at(r.names[c.index], c.function, "")
	}
	return v, nil
}

func newResponse(request *Request, names []string, w *wire.Response) *Response {
	r := &Response{request: request, names: names, Results: make(map[string]Value, len(w.Results))}
	for _, result := range w.Results {
		r.Results[result.Name] = result.Value
	}
	for _, l := range w.Intermediate {
		r.Levels = append(r.Levels, Level{
			Index: l.Index, Results: l.Results,
			Ended:    time.UnixMicro(int64(l.Timestamp * 1e6)),
			Duration: duration(l.ExecutionTimeMS),
		})
	}
	if s := w.Summary; s != nil {
		r.Summary = &Summary{
			Duration:         duration(s.TotalExecutionTimeMS),
			SlowestLevel:     s.BottleneckLevelIndex,
			ParallelCommands: s.ParallelCommandsExecuted,
			Hops:             s.CrossClusterHops,
		}
		for _, ms := range s.LevelExecutionTimes {
			r.Summary.Levels = append(r.Summary.Levels, duration(ms))
		}
	}
	return r
}

func duration(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
