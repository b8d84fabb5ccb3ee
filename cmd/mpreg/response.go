package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// printResponse writes the results of a request and, if it asked for them, its
// levels and the summary of its execution.
func (t *target) printResponse(w io.Writer, r *mpreg.Response) error {
	results, err := appendResults(nil, r.Results)
	if err != nil {
		return err
	}
	plain := r.Levels == nil && r.Summary == nil
	switch {
	case t.Output == "json" && plain:
		return writeLine(w, results)
	case t.Output == "json":
		object, err := appendReport(append([]byte(`{"results":`), results...), r)
		if err != nil {
			return err
		}
		return writeLine(w, append(object, '}'))
	}
	if err := writeIndented(w, results); err != nil || plain {
		return err
	}
	return writeReport(w, r)
}

// appendResults appends results as a JSON object, sorted by the commands'
// names, each result as it came.
func appendResults(dst []byte, results map[string]mpreg.Value) ([]byte, error) {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(results)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		key, err := codec.JSON{}.Append(dst, name)
		if err != nil {
			return nil, err
		}
		data, err := asJSON(results[name])
		if err != nil {
			return nil, err
		}
		dst = append(append(key, ':'), data...)
	}
	return append(dst, '}'), nil
}

// appendReport appends the members "levels" and "summary" to a JSON object,
// those that were asked for. encoding/json would rewrite the results in them.
func appendReport(dst []byte, r *mpreg.Response) ([]byte, error) {
	var err error
	for i, level := range r.Levels {
		separator := ","
		if i == 0 {
			separator = `,"levels":[`
		}
		dst = fmt.Appendf(dst, `%s{"index":%d,"duration_ms":%v,"ended":"%s","results":`,
			separator, level.Index, milliseconds(level.Duration), level.Ended.UTC().Format(time.RFC3339Nano))
		if dst, err = appendResults(dst, level.Results); err != nil {
			return nil, err
		}
		dst = append(dst, '}')
	}
	if r.Levels != nil {
		dst = append(dst, ']')
	}
	if r.Summary == nil {
		return dst, nil
	}
	summary, err := json.Marshal(summaryJSON(r.Summary))
	return append(append(dst, `,"summary":`...), summary...), err
}

// summary is an [mpreg.Summary] as a program reads it.
type summary struct {
	DurationMS       float64   `json:"duration_ms"`
	LevelsMS         []float64 `json:"levels_ms"`
	SlowestLevel     int       `json:"slowest_level"`
	ParallelCommands int       `json:"parallel_commands"`
	Hops             int       `json:"hops"`
}

func summaryJSON(s *mpreg.Summary) summary {
	levels := make([]float64, len(s.Levels))
	for i, d := range s.Levels {
		levels[i] = milliseconds(d)
	}
	return summary{milliseconds(s.Duration), levels, s.SlowestLevel, s.ParallelCommands, s.Hops}
}

// milliseconds returns a time with the microseconds that the node counted.
func milliseconds(d time.Duration) float64 { return float64(round(d).Microseconds()) / 1e3 }

func round(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

// writeReport writes the levels and the summary as a table below the results.
func writeReport(w io.Writer, r *mpreg.Response) error {
	var lines [][]string
	add := func(name string, d time.Duration, more ...string) {
		lines = append(lines, append([]string{name, round(d).String()}, more...))
	}
	for _, level := range r.Levels {
		results, err := appendResults(nil, level.Results)
		if err != nil {
			return err
		}
		var line bytes.Buffer
		if err := json.Compact(&line, results); err != nil {
			return err
		}
		add(fmt.Sprintf("level %d", level.Index), level.Duration, line.String())
	}
	if s := r.Summary; s != nil {
		if r.Levels == nil {
			for i, d := range s.Levels {
				add(fmt.Sprintf("level %d", i), d)
			}
		}
		add("total", s.Duration, fmt.Sprintf("slowest: level %d, commands in parallel: %d, on other nodes: %d",
			s.SlowestLevel, s.ParallelCommands, s.Hops))
	}
	_, err := fmt.Fprintf(w, "\n%s", aligned(lines))
	return err
}
