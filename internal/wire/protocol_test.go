package wire_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestProtocolExamples keeps docs/PROTOCOL.md true: every message that it shows
// is a vector, which the tests read.
func TestProtocolExamples(t *testing.T) {
	sent, answered := map[string]bool{}, map[string]bool{}
	for _, file := range []string{"request.json", "cancel.json", "auth.json"} {
		for _, v := range vectors(t, file) {
			sent[compact(string(v.Message))] = true
		}
	}
	for _, v := range vectors(t, "response.json") {
		answered[compact(string(v.Message))] = true
	}
	doc, err := os.ReadFile("../../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for line := range strings.Lines(string(doc)) {
		line = strings.TrimSpace(line)
		if message, ok := strings.CutPrefix(line, "→ "); ok {
			examples++
			if !sent[compact(message)] {
				t.Errorf("no vector has the message %s", message)
			}
		}
		if message, ok := strings.CutPrefix(line, "← "); ok {
			examples++
			if !answered[compact(message)] {
				t.Errorf("no vector has the answer %s", message)
			}
		}
	}
	if examples < 20 {
		t.Errorf("only %d examples were found", examples)
	}
}

func compact(message string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(message)) != nil {
		return message
	}
	return b.String()
}
