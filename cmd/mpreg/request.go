package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mpreg/mpreg"
)

// parseRequest reads a request from a file, and says where in it the JSON is
// malformed.
func parseRequest(file string, data []byte) (*mpreg.Request, error) {
	malformed := func(where, format string, args ...any) error {
		e := mpreg.Errorf(mpreg.InvalidRequest, "%s: "+format, append([]any{where}, args...)...)
		e.Executed = mpreg.ExecutedNo
		return e
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, malformed(file, `there is nothing in it: a request looks like {"cmds":[{"name":"a","fun":"echo","args":[1]}]}`)
	}
	var whole json.RawMessage
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(data, &whole)); ok {
		line, column := position(data, int(syntax.Offset))
		return nil, malformed(fmt.Sprintf("%s:%d:%d", file, line, column), "malformed JSON: %w", syntax)
	}
	return mpreg.ParseRequest(data)
}

// position returns the line and the column, in characters, of the last of the
// first n bytes. Both begin at 1.
func position(data []byte, n int) (line, column int) {
	before := data[:max(0, min(n, len(data))-1)]
	begin := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[begin:])
}

// What a request and its commands may say: docs/PROTOCOL.md. What asks for more
// messages than the response is not followed here.
var (
	requestFields = []string{
		"role", "u", "cmds", "refs", "return", "timeout_ms", "traceparent", "headers", "cluster_id", "node",
		"return_intermediate_results", "include_execution_summary", "wait_for_route", "hedge", "hedge_ms",
	}
	commandFields = []string{"name", "fun", "args", "kwargs", "locs", "refs"}
)

// unknownFields lists those of a request that have no effect, as on the wire,
// where an older node may get them. Who types a request may mean one that has.
func unknownFields(data []byte) []string {
	request := object(data)
	if older, ok := request["rpc"]; ok && request["cmds"] == nil {
		request = object(older)
	}
	var commands []map[string]json.RawMessage
	_ = json.Unmarshal(request["cmds"], &commands) // was parsed before
	list := unknown(request, requestFields, "")
	for i, command := range commands {
		list = append(list, unknown(command, commandFields, fmt.Sprintf("cmds[%d].", i))...)
	}
	return list
}

func object(data []byte) (fields map[string]json.RawMessage) {
	_ = json.Unmarshal(data, &fields) // was parsed before
	return fields
}

func unknown(fields map[string]json.RawMessage, known []string, at string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		same := func(other string) bool { return strings.EqualFold(name, other) }
		if !slices.ContainsFunc(known, same) {
			list = append(list, fmt.Sprintf("%q", at+name))
		}
	}
	return list
}
