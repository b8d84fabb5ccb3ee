package wire_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

var (
	spaces  = rapid.SampledFrom([]string{"", "", "", " ", "\n", "\t\r", "  "})
	numbers = rapid.SampledFrom([]string{"0", "-0", "1", "1.0", "-1.50", "1e3", "1E+400", "9007199254740993", "18446744073709551615"})
	plain   = rapid.SampledFrom([]string{"null", "true", "false", `""`, `"u"`, `"role"`, `"rpc"`, `"a\"}]{["`, `"\u00e9\\"`, `"é"`})
	names   = rapid.OneOf(rapid.SampledFrom([]string{"a", "u", "role", "a.b", "é\"\\", "\u2028"}), rapid.StringN(1, 20, -1))
)

// jsonText draws JSON text with white space and numbers as nobody writes them.
func jsonText(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	switch {
	case kind == 0 && depth > 0:
		return "[" + join(t, func() string { return jsonText(t, depth-1) }) + "]"
	case kind == 1 && depth > 0:
		seen := map[string]bool{} // what a key that is there twice means is nobody's business
		return "{" + join(t, func() string {
			key := names.Draw(t, "key")
			for seen[key] {
				key += "2"
			}
			seen[key] = true
			return quote(key) + spaces.Draw(t, "space") + ":" + spaces.Draw(t, "space") + jsonText(t, depth-1)
		}) + "}"
	case kind == 2:
		return numbers.Draw(t, "number")
	case kind == 3:
		return quote(rapid.String().Draw(t, "string"))
	default:
		return plain.Draw(t, "plain")
	}
}

func join(t *rapid.T, element func() string) string {
	parts := make([]string, rapid.IntRange(0, 3).Draw(t, "length"))
	for i := range parts {
		parts[i] = spaces.Draw(t, "space") + element() + spaces.Draw(t, "space")
	}
	return strings.Join(parts, ",")
}

func quote(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

var values = rapid.Custom(func(t *rapid.T) codec.Value { return raw(jsonText(t, 3)) })

var refs = rapid.Custom(func(t *rapid.T) wire.Ref {
	return wire.Ref{Command: names.Draw(t, "command"), Path: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "path")}
})

var commands = rapid.Custom(func(t *rapid.T) wire.Command {
	return wire.Command{
		Name:     names.Draw(t, "name"),
		Function: names.Draw(t, "fun"),
		Args:     rapid.SliceOfN(values, 0, 3).Draw(t, "args"),
		Kwargs:   rapid.MapOfN(rapid.StringN(0, 10, -1), values, 0, 3).Draw(t, "kwargs"),
		Locs:     rapid.SliceOfN(names, 0, 3).Draw(t, "locs"),
		Refs:     rapid.MapOfN(rapid.StringN(0, 10, -1), refs, 0, 3).Draw(t, "refs"),
	}
})

var requests = rapid.Custom(func(t *rapid.T) *wire.Request {
	option := rapid.OneOf(rapid.Just(""), rapid.StringN(0, 20, -1))
	return &wire.Request{
		U:                  names.Draw(t, "u"),
		Commands:           rapid.SliceOfN(commands, 1, 4).Draw(t, "cmds"),
		Refs:               rapid.SampledFrom([]string{"", wire.Explicit}).Draw(t, "refs"),
		Return:             rapid.SliceOfN(names, 0, 3).Draw(t, "return"),
		TimeoutMS:          rapid.OneOf(rapid.Just(0.0), rapid.Float64Min(0)).Draw(t, "timeout_ms"),
		Traceparent:        option.Draw(t, "traceparent"),
		Headers:            rapid.MapOfN(names, rapid.String(), 0, 3).Draw(t, "headers"),
		ClusterID:          option.Draw(t, "cluster_id"),
		Node:               option.Draw(t, "node"),
		ReturnIntermediate: rapid.Bool().Draw(t, "intermediate"),
		IncludeSummary:     rapid.Bool().Draw(t, "summary"),
		Stream:             rapid.Bool().Draw(t, "stream"),
		Window:             rapid.OneOf(rapid.Just(0), rapid.IntRange(0, wire.MaxWindow)).Draw(t, "window"),
		Events:             rapid.Bool().Draw(t, "events"),
		WaitForRoute:       rapid.Bool().Draw(t, "wait_for_route"),
		Hedge:              rapid.Bool().Draw(t, "hedge"),
		HedgeMS:            rapid.OneOf(rapid.Just(0.0), rapid.Float64Min(0)).Draw(t, "hedge_ms"),
	}
})

// responses draws responses as a node makes them: each command in one level.
var responses = rapid.Custom(func(t *rapid.T) *wire.Response {
	r := &wire.Response{U: names.Draw(t, "u")}
	if rapid.Bool().Draw(t, "failed") {
		r.Error = &wire.Error{Code: wire.Code(rapid.IntRange(1, 1<<30).Draw(t, "code")), Message: rapid.String().Draw(t, "message")}
		if text := rapid.String().Draw(t, "detail"); text != "" {
			r.Error = r.Error.With(text, text).With("n", int64(len(text)))
		}
		return r
	}
	count := 0
	name := func() string { count++; return fmt.Sprintf("%d%s", count, names.Draw(t, "name")) }
	for range rapid.IntRange(0, 3).Draw(t, "results") {
		r.Results = append(r.Results, wire.Result{Name: name(), Value: values.Draw(t, "value")})
	}
	if r.Streamed = rapid.Bool().Draw(t, "streamed"); r.Streamed {
		r.Items = rapid.Int64Min(0).Draw(t, "items")
	}
	accumulated := wire.Results{}
	levels := rapid.IntRange(0, 4).Draw(t, "levels")
	for i := range levels {
		l := wire.Level{
			RequestID: r.U, Index: i, Results: wire.Results{}, AccumulatedResults: wire.Results{},
			TotalLevels: levels, CompletedLevels: i + 1,
			Timestamp:       rapid.Float64Range(0, 2e9).Draw(t, "timestamp"),
			ExecutionTimeMS: rapid.Float64Range(0, 1e6).Draw(t, "ms"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "in level") {
			n := name()
			l.Results[n] = values.Draw(t, "value")
			accumulated[n] = l.Results[n]
		}
		maps.Copy(l.AccumulatedResults, accumulated)
		r.Intermediate = append(r.Intermediate, l)
	}
	if rapid.Bool().Draw(t, "summary") {
		r.Summary = &wire.Summary{
			RequestID: r.U, TotalLevels: levels, LevelExecutionTimes: []float64{0.5, 1},
			TotalExecutionTimeMS: rapid.Float64Range(0, 1e6).Draw(t, "total"), CrossClusterHops: 1,
		}
	}
	return r
})

// repeat returns n copies of s with commas between them.
func repeat(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }

// wireError returns err as the *wire.Error that all errors of the package are.
func wireError(tb testing.TB, err error) *wire.Error {
	tb.Helper()
	e, ok := err.(*wire.Error)
	if !ok {
		tb.Fatalf("want a *wire.Error, got %v", err)
	}
	return e
}
