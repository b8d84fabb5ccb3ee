package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestMessagesAreUTF8: what is not would be passed on within arguments, and end the
// connection of whoever gets it. The quick ways of reading refuse it too.
func TestMessagesAreUTF8(t *testing.T) {
	for name, row := range map[string]struct {
		message string // % is what is no UTF-8
		decode  func([]byte) error
	}{
		"request, an argument": {`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"f","args":["%"]}]}`, decodeRequest},
		"request, a name":      {`{"role":"rpc","u":"1","cmds":[{"name":"%","fun":"f"}]}`, decodeRequest},
		"request, unknown":     {`{"role":"rpc","x":"%","u":"1","cmds":[{"name":"a","fun":"f"}]}`, decodeRequest},
		"request, older":       {`{"role":"rpc","rpc":{"u":"1","cmds":[{"name":"a","fun":"f","args":["%"]}]}}`, decodeRequest},
		"response":             {`{"role":"rpc-response","u":"1","r":{"a":"%"},"error":null}`, func(data []byte) error { _, err := wire.DecodeResponse(data); return err }},
		"response, an error":   {`{"role":"rpc-response","u":"1","r":null,"error":{"code":1003,"message":"%"}}`, func(data []byte) error { _, err := wire.DecodeResponse(data); return err }},
		"answer":               {`{"role":"internal-answer","u":"w1","answer":"%"}`, func(data []byte) error { _, err := wire.DecodeWorkerAnswer(data); return err }},
		"notice":               {`{"role":"server","u":"1","server":{"what":"HELLO","funs":["%"]}}`, func(data []byte) error { _, err := wire.DecodeWorkerNotice(data); return err }},
		"cancel":               {`{"role":"cancel","u":"%"}`, func(data []byte) error { _, err := wire.DecodeCancel(data); return err }},
		"head":                 {`{"role":"rpc","u":"%"}`, func(data []byte) error { _, err := wire.DecodeHead(data); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			if err := row.decode([]byte(strings.Replace(row.message, "%", `é\ud800`, 1))); err != nil {
				t.Errorf("UTF-8: %v", err)
			}
			err := row.decode([]byte(strings.Replace(row.message, "%", "é\xff", 1)))
			if err == nil {
				t.Fatal("what is no UTF-8 is accepted")
			}
			e := wireError(t, err)
			if e.Code != wire.InvalidRequest || !strings.Contains(e.Message, "is not valid UTF-8") {
				t.Errorf("got %v", e)
			}
		})
	}
	_, err := wire.DecodeCancel([]byte("{\"u\":\"\xc3\x28\"}"))
	if e := wireError(t, err); e.Message != "malformed JSON at byte 7: it is not valid UTF-8" {
		t.Errorf("got %v", e)
	}
}

func decodeRequest(data []byte) error { _, err := wire.DecodeRequest(data); return err }

// TestValuesPoseAsNothing: a value that says that it is JSON, and is not, goes into
// no message, of which it could be more than a part.
func TestValuesPoseAsNothing(t *testing.T) {
	for name, text := range map[string]string{
		"what closes the object": `1},"error":{"code":1,"message":"m"`,
		"what is cut off":        `{"a":`,
		"nothing":                ``,
		"what is no UTF-8":       "\"\xff\"",
	} {
		bad := raw(text)
		for place, appendTo := range map[string]func() ([]byte, error){
			"a result": func() ([]byte, error) {
				return wire.AppendResponse(nil, &wire.Response{U: "1", Results: []wire.Result{{Name: "c", Value: bad}}}, 0)
			},
			"a level": func() ([]byte, error) {
				return wire.AppendResponse(nil, &wire.Response{U: "1", Intermediate: []wire.Level{{Results: wire.Results{"c": bad}}}}, 0)
			},
			"an item": func() ([]byte, error) { return wire.AppendItem(nil, "1", "c", 0, bad, 0) },
		} {
			message, err := appendTo()
			if err == nil {
				t.Errorf("%s as %s: %s", name, place, message)
				continue
			}
			if e := wireError(t, err); e.Code != wire.Internal || e.Details["command"] != "c" || !strings.Contains(e.Message, "says that it is JSON") {
				t.Errorf("%s as %s: got %v, %v", name, place, e, e.Details)
			}
		}
		_, err := wire.AppendWorkerCall(nil, &wire.WorkerCall{U: "w1", Function: "f", Args: []codec.Value{bad}})
		if e := wireError(t, err); e.Code != wire.InvalidArgument {
			t.Errorf("%s as an argument: got %v", name, e)
		}
		e := wire.Errorf(wire.Failed, "m").With("bad", bad).With("good", raw("1.0"))
		answer, err := wire.AppendResponse(nil, &wire.Response{U: "1", Error: e}, 0)
		const want = `{"role":"rpc-response","u":"1","r":null,"error":{"code":1003,"message":"m","details":{"good":1.0}}}`
		if err != nil || string(answer) != want {
			t.Errorf("%s as a detail: %v\n got %s\nwant %s", name, err, answer, want)
		}
	}
}

// validText reports whether a message is JSON that every websocket takes as text.
func validText(message []byte) bool { return json.Valid(message) && utf8.Valid(message) }
