package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

// functions are what the tests call besides echo and echos.
func functions(register func(name string, fn any, locs ...string)) {
	type options struct {
		Rate mpreg.Value `json:"rate"`
		Name string      `json:"name"`
	}
	register("scale", func(n int, o options) string {
		return strings.Repeat(o.Name, n) + " at " + string(o.Rate.Bytes())
	})
	register("where", func() string { return "anywhere" })
	register("where", func() string { return "on a gpu" }, "gpu")
	register("where", func() string { return "on a gpu with data" }, "gpu", "data, v2")
	register("where", func() string { return "below zero" }, "-1")
	register("fail", func() error { return errors.New("the disk is full") })
	register("refuse", func() error { return mpreg.Errorf(2001, "not on a <Sunday>") })
}

func TestCall(t *testing.T) {
	url := startNode(t, functions)
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"string", []string{"echo", "hi there!"}, "hi there!\n"},
		{"string as JSON", []string{"echo", "hi there!", "-o", "json"}, "\"hi there!\"\n"},
		{"JSON string", []string{"echo", `"two\nlines"`}, "two\nlines\n"},
		{"string with a NUL inside of JSON", []string{"echo", `"\u0000x"`}, "\x00x\n"},
		{"empty string", []string{"echo", ""}, "\n"},
		{"null", []string{"echo", "null"}, "null\n"},
		{"float", []string{"echo", "1.0"}, "1.0\n"},
		{"above 2^53", []string{"echo", "9007199254740993"}, "9007199254740993\n"},
		{"2^64-1", []string{"echo", "18446744073709551615", "-o", "json"}, "18446744073709551615\n"},
		{"more digits than any type has", []string{"echo", "0.1234567890123456789012345678901234567890"}, "0.1234567890123456789012345678901234567890\n"},
		{"negative numbers", []string{"echos", "-1", "-1.50e+3", "-o", "json"}, "[-1,-1.50e+3]\n"},
		{"flags first", []string{"-o", "json", "echos", "1", "2"}, "[1,2]\n"},
		{"hyphens after --", []string{"echos", "-o", "json", "--", "-x", "--kw", "-1"}, "[\"-x\",\"--kw\",-1]\n"},
		{"no arguments", []string{"echos"}, "[]\n"},
		{"commas", []string{"echo", "a,b"}, "a,b\n"},
		{"object, indented", []string{"echo", `{"b":[1.0],"a":"<&>"}`}, "{\n  \"b\": [\n    1.0\n  ],\n  \"a\": \"<&>\"\n}\n"},
		{"object, byte for byte", []string{"echo", `{"b": [1.0, 1e2],"a":"<&>\u00e9"}`, "--output=json"}, `{"b": [1.0, 1e2],"a":"<&>\u00e9"}` + "\n"},
		{"keywords", []string{"scale", "2", "--kw", "rate=0.10", "--kw", "name=ab"}, "abab at 0.10\n"},
		{"keyword with separators", []string{"scale", "1", "--kw", `name="a;b,c\\d=e"`, "--kw", "rate=1"}, `a;b,c\d=e at 1` + "\n"},
		{"a number with a unit", []string{"echo", "-1.5kg"}, "-1.5kg\n"},
		{"no locs", []string{"where"}, "anywhere\n"},
		{"a loc", []string{"where", "--loc", "gpu"}, "on a gpu\n"},
		{"a loc that is a number", []string{"where", "--loc", "-1"}, "below zero\n"},
		{"locs", []string{"where", "--loc", "gpu", "--loc", "data, v2"}, "on a gpu with data\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := execute(t.Context(), "", append([]string{"call", "--url", url}, test.args...)...)
			if diff := cmp.Diff(outcome{exitOK, test.want, ""}, got, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("mpreg call %q (-want +got):\n%s", test.args, diff)
			}
		})
	}
}

func TestCallURLFromEnvironment(t *testing.T) {
	t.Setenv("MPREG_URL", startNode(t, nil))
	if got := execute(t.Context(), "", "call", "echo", "1"); got != (outcome{exitOK, "1\n", ""}) {
		t.Errorf("%+v", got)
	}
}

func TestCallFails(t *testing.T) {
	url := startNode(t, functions)
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"the function fails", []string{"fail"},
			`{"code":1003,"name":"failed","message":"the disk is full","details":{"command":"fail","executed":"yes","function":"fail","node":"node-1"}}`},
		{"with a code of its own", []string{"refuse"},
			`{"code":2001,"name":"code 2001","message":"not on a <Sunday>","details":{"command":"refuse","executed":"yes","function":"refuse","node":"node-1"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := execute(t.Context(), "", append([]string{"call", "-o", "json", "--url", url}, test.args...)...)
			want := outcome{exitFailed, "", `{"error":` + test.want + "}\n"}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("mpreg call %q (-want +got):\n%s", test.args, diff)
			}
		})
	}
}

// failure is the error that -o json prints, as a program reads it.
type failure struct {
	Error struct {
		Code    int
		Name    string
		Details struct{ Executed, Function, Node string }
		Hint    string
	}
}

func parseFailure(t *testing.T, status int, got outcome) (f failure) {
	t.Helper()
	if got.status != status || got.out != "" {
		t.Errorf("status %d, printed %q; want status %d and nothing", got.status, got.out, status)
	}
	if err := json.Unmarshal([]byte(got.err), &f); err != nil {
		t.Fatalf("standard error is no JSON: %v\n%s", err, got.err)
	}
	return f
}

func TestCallRefused(t *testing.T) {
	url := startNode(t, functions)
	lists := "mpreg functions --url " + url + " lists what the cluster offers, with locs"
	describes := "mpreg describe --url " + url + " scale shows its signature"
	for _, test := range []struct {
		name string
		code mpreg.Code
		args []string
		hint string
	}{
		{"no such function", mpreg.NotFound, []string{"predict"}, lists},
		{"no such loc", mpreg.NotFound, []string{"where", "--loc", "tpu"}, lists},
		{"wrong type", mpreg.InvalidArgument, []string{"scale", "x"}, describes},
		{"unknown keyword", mpreg.InvalidArgument, []string{"scale", "1", "--kw", "speed=1"}, describes},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := parseFailure(t, exitNotExecuted, execute(t.Context(), "", append([]string{"call", "-o", "json", "--url", url}, test.args...)...))
			var want failure
			want.Error.Code, want.Error.Name, want.Error.Hint = int(test.code), test.code.String(), test.hint
			want.Error.Details.Executed, want.Error.Details.Function, want.Error.Details.Node = "no", test.args[0], "node-1"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("mpreg call %q (-want +got):\n%s", test.args, diff)
			}
		})
	}
}

func TestCallFailsInText(t *testing.T) {
	url := startNode(t, functions)
	got := execute(t.Context(), "", "call", "--url", url, "fail")
	want := outcome{exitFailed, "", `error: the disk is full
  code      failed (1003)
  function  fail
  node      node-1
  executed  yes
`}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// stuck registers a function that runs until its caller gives up, and says
// when it has started.
func stuck(started chan<- struct{}) func(func(string, any, ...string)) {
	return func(register func(string, any, ...string)) {
		register("stuck", func(ctx context.Context) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
	}
}

func TestCallTimesOut(t *testing.T) {
	started := make(chan struct{})
	url := startNode(t, stuck(started))
	got := parseFailure(t, exitFailed, execute(t.Context(), "", "call", "-o", "json", "--timeout", "100ms", "--url", url, "stuck"))
	if got.Error.Name != "deadline_exceeded" || got.Error.Hint != "give it more time with --timeout" {
		t.Errorf("got %+v, want deadline_exceeded", got)
	}
}

func TestCallInterrupted(t *testing.T) {
	started := make(chan struct{})
	url := startNode(t, stuck(started))
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan outcome, 1)
	go func() { ended <- execute(ctx, "", "call", "-o", "json", "--url", url, "stuck") }()
	<-started
	cancel(interrupted{os.Interrupt})
	if got := parseFailure(t, 130, <-ended); got.Error.Name != "canceled" {
		t.Errorf("got %+v, want canceled", got)
	}
}

// streams are what the tests call with --stream.
func streams(register func(name string, fn any, locs ...string)) {
	register("count", func(n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	register("all", func(items []mpreg.Value) iter.Seq2[mpreg.Value, error] {
		return func(yield func(mpreg.Value, error) bool) {
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			yield(mpreg.Value{}, errors.New("that was all"))
		}
	})
}

func TestCallStream(t *testing.T) {
	url := startNode(t, streams)
	const items = `[1.0,"a \"b\"",{"c": [1,  2]},null]`
	const failed = "error: that was all\n  code      failed (1003)\n  function  all\n  node      node-1\n  executed  yes\n"
	for _, test := range []struct {
		name string
		args []string
		want outcome
	}{
		{"items", []string{"count", "3"}, outcome{exitOK, "0\n1\n2\n", ""}},
		{"none", []string{"count", "0"}, outcome{exitOK, "", ""}},
		{"a single result", []string{"echo", `"one"`}, outcome{exitOK, "one\n", ""}},
		{"an error after items, as text", []string{"all", items}, outcome{exitFailed, "1.0\na \"b\"\n{\"c\":[1,2]}\nnull\n", failed}},
		{"as JSON", []string{"-o", "json", "all", items}, outcome{exitFailed, "1.0\n\"a \\\"b\\\"\"\n{\"c\":[1,2]}\nnull\n",
			`{"error":{"code":1003,"name":"failed","message":"that was all","details":{"command":"all","executed":"yes","function":"all","node":"node-1"}}}` + "\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := execute(t.Context(), "", append([]string{"call", "--stream", "--url", url}, test.args...)...)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("mpreg call --stream %q (-want +got):\n%s", test.args, diff)
			}
		})
	}
}

// Items are printed as they come: the function waits for the first to be read
// before it makes a second.
func TestCallStreamAsItComes(t *testing.T) {
	read := make(chan struct{})
	url := startNode(t, func(register func(string, any, ...string)) {
		register("two", func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				if yield(1, nil) {
					<-read
					yield(2, nil)
				}
			}
		})
	})
	out, stdout := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		defer stdout.Close()
		ended <- run(t.Context(), []string{"call", "--stream", "--url", url, "two"}, stdio{out: stdout, err: io.Discard})
	}()
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	close(read)
	rest, restErr := io.ReadAll(lines)
	if first != "1\n" || string(rest) != "2\n" || err != nil || restErr != nil {
		t.Errorf("printed %q, %v, and then %q, %v", first, err, rest, restErr)
	}
	if status := <-ended; status != exitOK {
		t.Errorf("status %d", status)
	}
}

// Who can't print any more has the function stop.
func TestCallStreamIntoBrokenPipe(t *testing.T) {
	stopped := make(chan struct{})
	url := startNode(t, func(register func(string, any, ...string)) {
		register("endless", func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				defer close(stopped)
				for yield(1, nil) {
					continue
				}
			}
		})
	})
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"call", "--stream", "--url", url, "endless"}, stdio{out: brokenPipe{}, err: &stderr})
	if want := "mpreg: the function was executed, but its result can't be printed: broken pipe\n"; status != exitFailed || stderr.String() != want {
		t.Errorf("status %d, standard error %q, want %d, %q", status, stderr.String(), exitFailed, want)
	}
	<-stopped
}

func TestCallPrintsIntoBrokenPipe(t *testing.T) {
	url := startNode(t, nil)
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"call", "--url", url, "echo", "1"}, stdio{out: brokenPipe{}, err: &stderr})
	if status != exitFailed || stderr.String() != "mpreg: the function was executed, but its result can't be printed: broken pipe\n" {
		t.Errorf("status %d, standard error %q", status, stderr.String())
	}
}
