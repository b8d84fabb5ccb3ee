package wire_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

func TestSniffVectors(t *testing.T) {
	for _, v := range vectors(t, "head.json") {
		t.Run(v.Name, func(t *testing.T) {
			if got, want := wire.Sniff([]byte(v.Message)), (wire.Head{Role: v.Role, U: v.U}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	for _, file := range []string{"request.json", "response.json", "cancel.json", "auth.json", "ack.json"} {
		for _, v := range vectors(t, file) {
			if v.Error != nil {
				continue
			}
			var decoded struct{ U string }
			if err := json.Unmarshal(v.Decoded, &decoded); err != nil {
				t.Fatal(err)
			}
			if got := wire.Sniff([]byte(v.Message)); got.Role == "" || got.U != decoded.U {
				t.Errorf("%s, %s: got %+v, want u %q", file, v.Name, got, decoded.U)
			}
		}
	}
}

// heads are the heads that a message may be said to have: of what it may begin
// with, before an u that counts more is seen.
type heads struct{ role, outer, wrapped string }

// drawObject draws an object with distinct keys in any order and spelling, and
// says what a full decoder finds in it.
func drawObject(t *rapid.T) (string, heads) {
	keys := rapid.Permutation([]string{"role", "u", "rpc", "cmds", "x", "", "U0", "rolе" /* with a Cyrillic е */}).Draw(t, "order")
	keys = keys[:rapid.IntRange(0, len(keys)).Draw(t, "members")]
	members := make([]string, len(keys))
	for i, key := range keys {
		value := jsonText(t, 3)
		switch {
		case key == "rpc" && rapid.Bool().Draw(t, "wrapped"):
			value = fmt.Sprintf(`{%s"x":%s,%s:%s}`, spaces.Draw(t, "space"), jsonText(t, 2), spell(t, "u"), jsonText(t, 1))
		case rapid.Bool().Draw(t, "text"):
			value = spell(t, names.Draw(t, "value"))
		}
		space := func() string { return spaces.Draw(t, "space") }
		members[i] = space() + spell(t, key) + space() + ":" + space() + value + space()
	}
	text := spaces.Draw(t, "space") + "{" + strings.Join(members, ",") + "}"

	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var rpc map[string]json.RawMessage
	_ = json.Unmarshal(fields["rpc"], &rpc) // no object: no fields
	var h heads
	_ = json.Unmarshal(fields["role"], &h.role) // no string: none
	_ = json.Unmarshal(fields["u"], &h.outer)
	_ = json.Unmarshal(rpc["u"], &h.wrapped)
	return text, h
}

// spell writes a string as JSON, with an escape where none is needed perhaps.
func spell(t *rapid.T, s string) string {
	quoted := quote(s)
	if s != "" && s[0] < 0x80 && s[0] != '\\' && quoted[1] == s[0] && rapid.IntRange(0, 3).Draw(t, "escaped") == 0 {
		return fmt.Sprintf(`"\u%04X%s`, s[0], quoted[2:])
	}
	return quoted
}

// TestSniff: Sniff of a whole message is what a full decode finds.
func TestSniff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, want := drawObject(t)
		u := want.outer
		if u == "" {
			u = want.wrapped
		}
		if got := wire.Sniff([]byte(text)); got != (wire.Head{Role: want.role, U: u}) {
			t.Fatalf("%s: got %+v, want %+v", text, got, want)
		}
	})
}

// TestSniffPrefix: of a message that is cut off Sniff never says what is wrong.
func TestSniffPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, want := drawObject(t)
		for end := range len(text) {
			got := wire.Sniff([]byte(text)[:end:end])
			if got.Role != "" && got.Role != want.role || got.U != "" && got.U != want.outer && got.U != want.wrapped {
				t.Fatalf("%s: got %+v, want of %+v", text[:end], got, want)
			}
		}
	})
}

func TestDecodeHead(t *testing.T) {
	for message, want := range map[string]wire.Head{
		`{}`:                             {},
		`{"role":"king","u":"7"}`:        {Role: "king", U: "7"},
		` {"u":null,"role":null,"x":1} `: {},
	} {
		if got, err := wire.DecodeHead([]byte(message)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", message, got, err)
		}
	}
	for message, says := range map[string]string{
		``:                 "malformed JSON",
		`hello`:            "malformed JSON at byte 1",
		`null`:             "must be an object, not null",
		`[]`:               "must be an object, not a list",
		`{"role":1}`:       `field "role" must be a string, not a number`,
		`{"role":"rpc"}{}`: "malformed JSON",
	} {
		_, err := wire.DecodeHead([]byte(message))
		e := wireError(t, err)
		if e.Code != wire.InvalidRequest || !strings.Contains(e.Message, says) {
			t.Errorf("%s: got %v, want %q", message, e, says)
		}
		checkWords(t, e)
	}
}
