package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

func TestRun(t *testing.T) {
	url := startNode(t, functions)
	for _, test := range []struct {
		name, request, args, want string
	}{
		{
			"names",
			`{"cmds":[{"name":"first","fun":"echo","args":["hi there!"]},{"name":"second","fun":"echo","args":["first"]}]}`, "json",
			`{"second":"hi there!"}` + "\n",
		},
		{
			"as on the wire",
			`{"role":"rpc","u":"7","cmds":[{"name":"a","fun":"where","locs":["gpu"]},{"name":"b","fun":"echo","args":[1.0]}]}`, "json",
			`{"a":"on a gpu","b":1.0}` + "\n",
		},
		{
			"explicit references",
			`{"refs":"explicit","return":["x"],"cmds":[
				{"name":"x","fun":"echo","args":[{"deep":[1,9007199254740993]}]},
				{"name":"y","fun":"echos","args":["x",null],"refs":{"/args/1":["x","deep",1]}}]}`, "json",
			`{"x":{"deep":[1,9007199254740993]},"y":["x",9007199254740993]}` + "\n",
		},
		{
			"text",
			`{"cmds":[{"name":"a","fun":"echo","args":[{"n":1.0}]}]}`, "text",
			"{\n  \"a\": {\n    \"n\": 1.0\n  }\n}\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := outcome{exitOK, test.want, ""}
			got := execute(t.Context(), test.request, "run", "-", "--url", url, "-o", test.args)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("from standard input (-want +got):\n%s", diff)
			}
			file := filepath.Join(t.TempDir(), "request.json")
			if err := os.WriteFile(file, []byte(test.request), 0o600); err != nil {
				t.Fatal(err)
			}
			got = execute(t.Context(), "", "run", file, "--url", url, "-o", test.args)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("from a file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	url := startNode(t, functions)
	for _, test := range []struct {
		name, request, code string
		status              int
	}{
		{"no JSON", `{"cmds":`, "invalid_request", exitUsage},
		{"no commands", `{"cmds":[]}`, "invalid_request", exitUsage},
		{"a cycle", `{"cmds":[{"name":"a","fun":"echo","args":["b"]},{"name":"b","fun":"echo","args":["a"]}]}`, "invalid_request", exitNotExecuted},
		{"a command fails", `{"cmds":[{"name":"a","fun":"fail"},{"name":"b","fun":"echo","args":["a"]}]}`, "failed", exitFailed},
		{"a command is refused after another has run", `{"cmds":[{"name":"a","fun":"echo","args":[[]]},{"name":"b","fun":"scale","args":["a"]}]}`, "invalid_argument", exitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := parseFailure(t, test.status, execute(t.Context(), test.request, "run", "-", "--url", url, "-o", "json"))
			if got.Error.Name != test.code {
				t.Errorf("got %+v, want %s", got, test.code)
			}
		})
	}
}

// TestRunReports: what a request asks for besides its results comes with them.
func TestRunReports(t *testing.T) {
	url := startNode(t, nil)
	const cmds = `"cmds":[{"name":"a","fun":"echo","args":[1.0]},{"name":"b","fun":"echos","args":["a",[1,  2]]}]}`
	type level struct {
		Index      int
		Results    json.RawMessage
		DurationMS *float64 `json:"duration_ms"`
		Ended      time.Time
	}
	type report struct {
		Results json.RawMessage
		Levels  []level
		Summary *struct {
			DurationMS   *float64  `json:"duration_ms"`
			LevelsMS     []float64 `json:"levels_ms"`
			SlowestLevel *int      `json:"slowest_level"`
		}
	}
	const intermediate, summary = `"return_intermediate_results":true,`, `"include_execution_summary":true,`
	for _, ask := range []string{intermediate, summary, intermediate + summary} {
		got := execute(t.Context(), "{"+ask+cmds, "run", "-", "--url", url, "-o", "json")
		var r report
		if err := json.Unmarshal([]byte(got.out), &r); err != nil || got.status != exitOK {
			t.Fatalf("%s: %+v, %v", ask, got, err)
		}
		if want := `{"b":[1.0,[1,  2]]}`; string(r.Results) != want {
			t.Errorf("%s: results %s, want %s", ask, r.Results, want)
		}
		if asked := strings.Contains(ask, summary); asked != (r.Summary != nil) ||
			asked && (len(r.Summary.LevelsMS) != 2 || r.Summary.DurationMS == nil || r.Summary.SlowestLevel == nil) {
			t.Errorf("%s: %s", ask, got.out)
		}
		if asked := strings.Contains(ask, intermediate); asked != (r.Levels != nil) {
			t.Errorf("%s: %s", ask, got.out)
		}
		for i, want := range []string{`{"a":1.0}`, `{"b":[1.0,[1,  2]]}`}[:len(r.Levels)] {
			if l := r.Levels[i]; l.Index != i || string(l.Results) != want || l.DurationMS == nil || l.Ended.IsZero() {
				t.Errorf("%s: level %d is %+v, want results %s", ask, i, l, want)
			}
		}
	}
	got := execute(t.Context(), "{"+intermediate+summary+cmds, "run", "-", "--url", url)
	table := regexp.MustCompile(`^\{\n[^}]+\n\}\n\nlevel 0  \S+ +\{"a":1\.0\}\nlevel 1  \S+ +\{"b":\[1\.0,\[1,2\]\]\}\ntotal    \S+ +slowest: level [01], `)
	if got.status != exitOK || !table.MatchString(got.out) {
		t.Errorf("in text: %+v", got)
	}
}

func TestRunInterruptedWhileReading(t *testing.T) {
	stdin, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, err bytes.Buffer
	status := run(ctx, []string{"run", "-"}, stdio{in: stdin, out: &out, err: &err})
	if got, want := err.String(), "mpreg: reading the request: context canceled\n"; status != exitFailed || got != want {
		t.Errorf("status %d, standard error %q; want %d, %q", status, got, exitFailed, want)
	}
}

func TestRunReadsWhatEditorsWrite(t *testing.T) {
	url := startNode(t, nil)
	got := execute(t.Context(), "\ufeff{\"cmds\":[{\"name\":\"a\",\"fun\":\"echo\",\"args\":[1]}]}\r\n", "run", "-", "--url", url, "-o", "json")
	if want := (outcome{exitOK, `{"a":1}` + "\n", ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A field that is not known has no effect, as on the wire, and who wrote it gets to
// know that.
func TestRunWarns(t *testing.T) {
	url := startNode(t, nil)
	for output, warnings := range map[string]string{
		"text": `mpreg: standard input: nothing is known of "stream", which has no effect
mpreg: standard input: nothing is known of "cmds[0].loc", which has no effect
`,
		"json": `{"warning":"standard input: nothing is known of \"stream\", which has no effect"}
{"warning":"standard input: nothing is known of \"cmds[0].loc\", which has no effect"}
`,
	} {
		got := execute(t.Context(), `{"stream":true,"cmds":[{"name":"a","fun":"echo","args":[1],"loc":["gpu"]}]}`, "run", "-", "--url", url, "-o", output)
		if got.status != exitOK || got.out == "" {
			t.Errorf("%s: %+v", output, got)
		}
		if diff := cmp.Diff(warnings, got.err); diff != "" {
			t.Errorf("%s (-want +got):\n%s", output, diff)
		}
	}
}

// TestRunRefused: that nothing was executed is said only if no command was. An
// authorizer may refuse one with the code of a request that is wrong.
func TestRunRefused(t *testing.T) {
	var ran atomic.Int32
	url := startNode(t, func(register func(string, any, ...string)) {
		register("first", func() int32 { return ran.Add(1) })
	}, mpreg.WithAuthorizer(func(_ context.Context, call *mpreg.Invocation) error {
		if call.Function == "echo" {
			return mpreg.Errorf(mpreg.InvalidRequest, "no echoes here")
		}
		return nil
	}))
	const first, refused = `{"name":"a","fun":"first"}`, `{"name":"b","fun":"echo","args":["a"]}`
	for cmds, want := range map[string]struct {
		status int
		ran    int32
	}{
		first + "," + refused: {exitFailed, 1},
		first + "," + first:   {exitNotExecuted, 0}, // one name twice
	} {
		ran.Store(0)
		got := execute(t.Context(), `{"cmds":[`+cmds+`]}`, "run", "-", "--url", url)
		if n := ran.Load(); got.status != want.status || n != want.ran {
			t.Errorf("%s: %+v after %d commands, want %+v", cmds, got, n, want)
		}
	}
}
