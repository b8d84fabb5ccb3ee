package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestLimits: each limit takes what is at it and refuses what is one above,
// naming itself.
func TestLimits(t *testing.T) {
	request := func(format string) func(string) string {
		return func(s string) string {
			return `{"role":"rpc","u":"1",` + strings.ReplaceAll(format, "%", s) + `}`
		}
	}
	const cmds = `"cmds":[{"name":"c","fun":"f"}]`
	command := func(format string) func(string) string {
		return request(`"cmds":[{"name":"c","fun":"f",` + format + `}]`)
	}
	decodeRequest := func(data []byte) error { _, err := wire.DecodeRequest(data); return err }
	decodeAuth := func(data []byte) error { _, err := wire.DecodeAuth(data); return err }
	decodeCancel := func(data []byte) error { _, err := wire.DecodeCancel(data); return err }
	decodeHead := func(data []byte) error { _, err := wire.DecodeHead(data); return err }
	characters := func(n int) string { return strings.Repeat("é", n) }
	bytes := func(n int) string { return strings.Repeat("é", n/2) + strings.Repeat("u", n%2) }
	entries := func(n int) string { return repeat(`"x"`, n) }
	headers := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"h%d":"v",`, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	for _, row := range []struct {
		name    string
		message func(string) string
		fill    func(int) string
		limit   string
		max     int
		decode  func([]byte) error
		command string
	}{
		{"commands", request(`"cmds":[%]`), func(n int) string { return repeat(`{"name":"c","fun":"f"}`, n) }, "cmds_entries", wire.MaxCommands, decodeRequest, ""},
		{"name", request(`"cmds":[{"name":"%","fun":"f"}]`), characters, "name_characters", wire.MaxName, decodeRequest, "clipped"},
		{"function", request(`"cmds":[{"name":"c","fun":"%"}]`), characters, "fun_characters", wire.MaxName, decodeRequest, "c"},
		{"keyword", command(`"kwargs":{"%":1}`), characters, "kwargs_characters", wire.MaxName, decodeRequest, "c"},
		{"locs", command(`"locs":[%]`), entries, "locs_entries", 256, decodeRequest, "c"},
		{"loc", command(`"locs":["%"]`), characters, "locs_characters", wire.MaxName, decodeRequest, "c"},
		{"place", command(`"refs":{"%":["c"]}`), characters, "refs_characters", 4096, decodeRequest, "c"},
		{"referenced command", command(`"refs":{"/args/0":["%"]}`), characters, "refs_characters", wire.MaxName, decodeRequest, ""},
		{"return", request(cmds + `,"return":[%]`), entries, "return_entries", wire.MaxCommands, decodeRequest, ""},
		{"returned name", request(cmds + `,"return":["%"]`), characters, "return_characters", wire.MaxName, decodeRequest, ""},
		{"headers", request(cmds + `,"headers":{%}`), headers, "headers_entries", wire.MaxHeaders, decodeRequest, ""},
		{"header name", request(cmds + `,"headers":{"%":""}`), characters, "headers_characters", wire.MaxName, decodeRequest, ""},
		{"header", request(cmds + `,"headers":{"h":"%"}`), characters, "headers_characters", 8192, decodeRequest, ""},
		{"traceparent", request(cmds + `,"traceparent":"%"`), characters, "traceparent_characters", 256, decodeRequest, ""},
		{"cluster", request(cmds + `,"cluster_id":"%"`), characters, "cluster_id_characters", wire.MaxName, decodeRequest, ""},
		{"node", request(cmds + `,"node":"%"`), characters, "node_characters", wire.MaxName, decodeRequest, ""},
		{"id", func(s string) string { return `{"role":"rpc","u":"` + s + `",` + cmds + `}` }, bytes, "u_bytes", wire.MaxID, decodeRequest, ""},
		{"id of a cancel", func(s string) string { return `{"role":"cancel","u":"` + s + `"}` }, bytes, "u_bytes", wire.MaxID, decodeCancel, ""},
		{"token", func(s string) string { return `{"role":"auth","u":"1","token":"` + s + `"}` }, characters, "token_characters", 65536, decodeAuth, ""},
		{"role", func(s string) string { return `{"role":"` + s + `"}` }, characters, "role_characters", 256, decodeHead, ""},
		{"depth", command(`"args":[%]`), nested(4), "depth", codec.MaxDepth, decodeRequest, ""},
		{"depth of a head", func(s string) string { return `{"x":` + s + `}` }, nested(1), "depth", codec.MaxDepth, decodeHead, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := row.decode([]byte(row.message(row.fill(row.max)))); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			err := row.decode([]byte(row.message(row.fill(row.max + 1))))
			if err == nil {
				t.Fatal("above the limit: accepted")
			}
			e := wireError(t, err)
			want := map[string]any{"limit": row.limit, "max": int64(row.max)}
			switch row.command {
			case "":
			case "clipped":
				want["command"] = strings.Repeat("é", 64) + "…"
			default:
				want["command"] = row.command
			}
			if diff := cmp.Diff(want, e.Details); e.Code != wire.ResourceExhausted || diff != "" {
				t.Errorf("got %v, details (-want +got):\n%s", e, diff)
			}
			if !strings.Contains(e.Message, fmt.Sprint(row.max)) || len(e.Message) > 1000 {
				t.Errorf("message: %s", e.Message)
			}
			checkWords(t, e)
		})
	}
}

// nested returns lists that with those around them nest n levels deep.
func nested(around int) func(int) string {
	return func(n int) string { return strings.Repeat("[", n-around) + strings.Repeat("]", n-around) }
}

// TestDeepNesting: depth is found out before anything recursive runs.
func TestDeepNesting(t *testing.T) {
	for _, open := range []string{"[", `{"a":`, `[{"a":`} {
		_, err := wire.DecodeRequest([]byte(`{"role":"rpc","u":"1","cmds":` + strings.Repeat(open, 100_000)))
		if e := wireError(t, err); e.Code != wire.ResourceExhausted || e.Details["limit"] != "depth" {
			t.Errorf("%s: got %v", open, e)
		}
	}
}

// TestEntries: a message of many small parts is refused before it takes a
// hundred times its size; many values within an argument are no parts.
func TestEntries(t *testing.T) {
	many := repeat("1", wire.MaxEntries+10)
	request := func(command string) string {
		return `{"role":"rpc","u":"1","cmds":[{"name":"c","fun":"f",` + command + `}]}`
	}
	older := func(command string) string {
		return `{"role":"rpc","rpc":{"u":"1","cmds":[{"name":"c","fun":"f",` + command + `}]}}`
	}
	for name, row := range map[string]struct {
		message string
		refused bool
	}{
		"arguments":              {request(`"args":[` + many + `]`), true},
		"arguments, older form":  {older(`"args":[` + many + `]`), true},
		"commands":               {`{"role":"rpc","u":"1","cmds":[` + many + `]}`, true},
		"unknown field":          {`{"role":"rpc","u":"1","x":[` + many + `]}`, true},
		"one argument":           {request(`"args":[[` + many + `]]`), false},
		"one argument, older":    {older(`"args":[[` + many + `]]`), false},
		"one text":               {request(`"args":["` + many + `"]`), false},
		"text that ends in a \\": {request(`"args":["\"` + many + `\\"]`), false},
	} {
		_, err := wire.DecodeRequest([]byte(row.message))
		if !row.refused {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e := wireError(t, err); e.Code != wire.ResourceExhausted || e.Details["limit"] != "entries" || e.Details["max"] != int64(wire.MaxEntries) {
			t.Errorf("%s: got %v, %v", name, e, e.Details)
		}
	}
}

// TestLongInput: an error quotes what it is about, but never a megabyte of it.
func TestLongInput(t *testing.T) {
	long := strings.Repeat("x\\u0000", 1<<17)
	digits := strings.Repeat("9", 1<<20)
	for _, message := range []string{
		`{"u":"1","cmds":[{"name":"a","fun":"f","kwargs":{"` + long + `":1}}]}`,
		`{"u":"1","cmds":[{"name":"a","fun":"f","refs":{"/args/0":["` + long + `"]}}]}`,
		`{"u":"1","cmds":[{"name":"a","fun":"f","refs":{"/args/0":[{"a":"` + long + `"}]}}]}`,
		`{"u":"1","cmds":[{"name":"` + long + `","fun":"f"}]}`,
		`{"u":"1","cmds":[{"name":"a","fun":"f"}],"headers":{"` + long + `":"x"}}`,
		`{"u":"1","cmds":[{"name":"a","fun":"f"}],"timeout_ms":` + digits + `}`,
		`{"u":"1","cmds":[{"name":"a","fun":"f"}],"refs":"` + long + `"}`,
	} {
		_, err := wire.DecodeRequest([]byte(message))
		e := wireError(t, err)
		if out, err := wire.AppendResponse(nil, &wire.Response{U: "1", Error: e}, 0); err != nil || len(out) > 2000 {
			t.Errorf("%.60s: an answer of %d bytes, %v", message, len(out), err)
		}
	}
}
