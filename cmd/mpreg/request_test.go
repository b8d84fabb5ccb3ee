package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
)

func TestParseRequestSaysWhere(t *testing.T) {
	const command = `{"name":"a","fun":"echo","args":[1]}`
	for _, test := range []struct{ name, request, want string }{
		{"empty", " \n\t", "f.json: there is nothing in it: "},
		{"a comma too many", "{\"cmds\":[\n  " + command + ",\n]}", "f.json:3:1: malformed JSON: invalid character ']' "},
		{"on the first line", `{"cmds":[}`, "f.json:1:10: malformed JSON: invalid character '}' "},
		{"characters, not bytes", "{\n \"日本\": x", "f.json:2:8: malformed JSON: invalid character 'x' "},
		{"an end too soon", "{\"cmds\":[\n" + command + "\n]", "f.json:3:1: malformed JSON: unexpected end of JSON input"},
		{"more after it", "{\"cmds\":[" + command + "]}\n\nx", "f.json:3:1: malformed JSON: invalid character 'x' after top-level value"},
		{"a bare word", "{cmds:[]}", "f.json:1:2: malformed JSON: invalid character 'c' "},
		{"no object", `[` + command + `]`, "malformed message: the message must be an object, not a list"},
		{"no function", `{"cmds":[{"name":"a"}]}`, `field "cmds[0].fun" is missing or empty`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseRequest("f.json", []byte(test.request))
			e, ok := errors.AsType[*mpreg.Error](err)
			if !ok || e.Code != mpreg.InvalidRequest || e.Executed != mpreg.ExecutedNo || !strings.HasPrefix(e.Message, test.want) {
				t.Errorf("got %v, want an invalid request, not executed, that begins with %s", err, test.want)
			}
		})
	}
}

func TestUnknownFields(t *testing.T) {
	all := `"role":"rpc","u":"1","refs":"explicit","return":[],"timeout_ms":1,"traceparent":"","headers":{},"cluster_id":"","node":"",` +
		`"return_intermediate_results":true,"include_execution_summary":true,"wait_for_route":true,"hedge":true,"hedge_ms":1`
	for _, test := range []struct {
		name, request string
		want          []string
	}{
		{"none", `{` + all + `,"cmds":[{"name":"a","fun":"f","args":[],"kwargs":{},"locs":[],"refs":{}}]}`, nil},
		{"as the decoder has it, whatever the case", `{"Cmds":[{"Name":"a","fun":"f"}],"cmds":[{"name":"a","FUN":"f"}]}`, nil},
		{"of the request", `{"cmds":[{"name":"a","fun":"f"}],"retrun":[]}`, []string{`"retrun"`}},
		{"of commands", `{"cmds":[{"name":"a","fun":"f"},{"name":"b","fun":"f","arg":1,"loc":[]}]}`, []string{`"cmds[1].arg"`, `"cmds[1].loc"`}},
		{"what would bring more messages", `{"cmds":[{"name":"a","fun":"f"}],"stream":true,"window":1,"events":true}`, []string{`"events"`, `"stream"`, `"window"`}},
		{"of an older client", `{"role":"rpc","rpc":{"u":"1","cmds":[{"name":"a","fun":"f","kwarg":{}}]}}`, []string{`"cmds[0].kwarg"`}},
		{"not in arguments", `{"cmds":[{"name":"a","fun":"f","args":[{"x":1}],"kwargs":{"y":1}}]}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := unknownFields([]byte(test.request)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
