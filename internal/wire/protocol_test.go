package wire_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestProtocolExamples keeps docs/PROTOCOL.md true: every message that it shows
// is a vector, which the tests read.
func TestProtocolExamples(t *testing.T) {
	sent, answered := map[string]bool{}, map[string]bool{}
	for _, file := range []string{"request.json", "cancel.json", "auth.json", "ack.json", "worker_server.json", "worker_answer.json"} {
		for _, v := range vectors(t, file) {
			sent[compact(string(v.Message))] = true
		}
	}
	for _, file := range []string{"response.json", "item.json", "event.json", "cancel.json", "worker_response.json", "worker_call.json"} {
		for _, v := range vectors(t, file) {
			answered[compact(string(v.Message))] = true
		}
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

// TestProtocolFrames does so for the binary protocol: a block of bytes is a frame
// or, where it says so, a message of frames, a catalog or a change of one.
func TestProtocolFrames(t *testing.T) {
	known := map[string]string{}
	for _, file := range []string{
		"frame_head.json", "frame_request.json", "frame_response.json", "frame_hello.json", "frame_goaway.json", "frame_gossip.json",
		"frame_item.json", "frame_credit.json", "frame_renew.json", "frame_release.json", "frame_event.json",
	} {
		for _, v := range frameVectors(t, file) {
			if v.Error == nil {
				known[string(v.Frame)] = v.Name
			}
		}
	}
	texts := map[string]bool{}
	for info, file := range map[string]string{"catalog": "catalog.json", "change": "delta.json"} {
		for _, v := range textVectors(t, file) {
			texts[info+string(v.Text)] = v.Error == nil
		}
	}
	doc, err := os.ReadFile("../../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for i, block := range strings.Split(string(doc), "```hex")[1:] {
		info, lines, _ := strings.Cut(block, "\n")
		frames := [][]byte{annotated(t, lines)}
		switch info = strings.TrimSpace(info); info {
		case "message":
			frames = packed(t, frames[0])
		case "catalog", "change":
			examples++
			if !texts[info+string(frames[0])] {
				t.Errorf("block %d: no vector is the %s % x", i, info, frames[0])
			}
			continue
		}
		for _, frame := range frames {
			examples++
			if known[string(frame)] == "" {
				t.Errorf("block %d: no vector has the frame % x", i, frame)
			}
		}
	}
	if examples < 10 {
		t.Errorf("only %d examples were found", examples)
	}
}

// annotated returns the bytes of a block, which are in front of two spaces on
// each of its lines.
func annotated(t *testing.T, block string) []byte {
	var out []byte
	for line := range strings.Lines(block) {
		if strings.HasPrefix(line, "```") {
			return out
		}
		digits, note, _ := strings.Cut(line, "  ")
		data, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil || strings.TrimSpace(note) == "" {
			t.Errorf("%q is no bytes and a note: %v", line, err)
		}
		out = append(out, data...)
	}
	return out
}

// packed takes a message apart.
func packed(t *testing.T, message []byte) (frames [][]byte) {
	for len(message) > 0 {
		size, n := binary.Uvarint(message)
		if n <= 0 || size > uint64(len(message)-n) {
			t.Fatalf("a length is wrong in front of % x", message)
		}
		frames = append(frames, message[n:n+int(size)])
		message = message[n+int(size):]
	}
	return frames
}

func compact(message string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(message)) != nil {
		return message
	}
	return b.String()
}
