package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestTerminal(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", "a line\n\tand another: ünïcode 日本\u3000e\u0301 👩\u200d👧\n", "a line\n\tand another: ünïcode 日本\u3000e\u0301 👩\u200d👧\n"},
		{"escape sequences", "\x1b[31mred\x1b]0;title\a\x7f\r\b", `\u001b[31mred\u001b]0;title\u0007\u007f\u000d\u0008`},
		{"those of one character", "\u009b31m\u0085", `\u009b31m\u0085`},
		{"text turned round", "\u202egnp.exe\u2066", `\u202egnp.exe\u2066`},
		{"invisible, in two halves", "a\U000e0041b", `a\udb40\udc41b`},
		{"not UTF-8", "a\xff\x9bb", "a\ufffd\ufffdb"},
		{"the character that stands for what is not", "\ufffd", "\ufffd"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			if n, err := (terminal{&out}).Write([]byte(test.text)); n != len(test.text) || err != nil {
				t.Errorf("Write returned %d, %v", n, err)
			}
			if out.String() != test.want {
				t.Errorf("%q was written as %q, want %q", test.text, out.String(), test.want)
			}
		})
	}
}

// JSON that was escaped is the same JSON.
func TestTerminalKeepsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "object")
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := (terminal{&out}).Write(data); err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, &out)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %q", want, got)
		}
		if strings.ContainsFunc(out.String(), unicode.IsControl) {
			t.Fatalf("a control character was written: %q", &out)
		}
	})
}

func TestTerminalFails(t *testing.T) {
	if n, err := (terminal{brokenPipe{}}).Write([]byte("x")); n != 0 || err == nil {
		t.Errorf("Write returned %d, %v, want the error of the terminal", n, err)
	}
}

// Only terminals are spared: a file has what a function returned.
func TestShown(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if w := shown(file); w != file {
		t.Errorf("a file is written to by a %T", w)
	}
	device, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Skip("no terminal to be had: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if w := shown(device); w != (terminal{device}) {
		t.Errorf("a terminal is written to by a %T", w)
	}
}
