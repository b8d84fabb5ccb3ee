package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

func TestPrintResponse(t *testing.T) {
	value := func(data string) mpreg.Value { return codec.Raw(codec.JSON{}, []byte(data)) }
	levels := []mpreg.Level{
		{
			Index: 0, Results: map[string]mpreg.Value{"b<": value("[1,  2]"), "a": value(`"x"`)},
			Ended: time.Date(2025, 3, 1, 12, 0, 0, 5_000, time.FixedZone("", 3600)), Duration: 1_500_000,
		},
		{
			Index: 1, Results: map[string]mpreg.Value{"c": value("1.0")},
			Ended: time.Date(2025, 3, 1, 11, 0, 1, 0, time.UTC), Duration: 6_999, // 0.007 ms as a float
		},
	}
	summary := &mpreg.Summary{
		Duration: 2 * time.Second, Levels: []time.Duration{1_500_000, 6_999},
		SlowestLevel: 0, ParallelCommands: 2, Hops: 1,
	}
	const (
		indented    = "{\n  \"c\": 1.0\n}\n"
		slowest     = "slowest: level 0, commands in parallel: 2, on other nodes: 1\n"
		levelsJSON  = `"levels":[{"index":0,"duration_ms":1.5,"ended":"2025-03-01T11:00:00.000005Z","results":{"a":"x","b<":[1,  2]}},{"index":1,"duration_ms":0.007,"ended":"2025-03-01T11:00:01Z","results":{"c":1.0}}]`
		summaryJSON = `"summary":{"duration_ms":2000,"levels_ms":[1.5,0.007],"slowest_level":0,"parallel_commands":2,"hops":1}`
	)
	for _, test := range []struct {
		name       string
		levels     []mpreg.Level
		summary    *mpreg.Summary
		text, json string
	}{
		{"results alone", nil, nil, indented, `{"c":1.0}`},
		{
			"levels", levels, nil,
			indented + "\nlevel 0  1.5ms  {\"a\":\"x\",\"b<\":[1,2]}\nlevel 1  7µs    {\"c\":1.0}\n",
			`{"results":{"c":1.0},` + levelsJSON + `}`,
		},
		{
			"summary", nil, summary,
			indented + "\nlevel 0  1.5ms\nlevel 1  7µs\ntotal    2s  " + slowest,
			`{"results":{"c":1.0},` + summaryJSON + `}`,
		},
		{
			"both", levels, summary,
			indented + "\nlevel 0  1.5ms  {\"a\":\"x\",\"b<\":[1,2]}\nlevel 1  7µs    {\"c\":1.0}\ntotal    2s     " + slowest,
			`{"results":{"c":1.0},` + levelsJSON + `,` + summaryJSON + `}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &mpreg.Response{Results: levels[1].Results, Levels: test.levels, Summary: test.summary}
			for format, want := range map[string]string{"text": test.text, "json": test.json + "\n"} {
				var out bytes.Buffer
				if err := (&target{Output: format}).printResponse(&out, r); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(want, out.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", format, diff)
				}
			}
		})
	}
}
