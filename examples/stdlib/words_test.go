package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{" ,;— ", nil},
		{"which functions deal with a deadline?", []string{"which", "function", "deal", "with", "a", "deadline"}},
		{"SetReadDeadline", []string{"set", "read", "deadline"}},
		{"[Conn.SetDeadline]", []string{"conn", "set", "deadline"}},
		{"HTTPServer ServeHTTP", []string{"http", "server", "serve", "http"}},
		{"URLs RequestIDs", []string{"url", "request", "id"}},
		{"O_RDONLY", []string{"o", "rdonly"}},
		{"base64URL HTTP2Config", []string{"base64", "url", "http2", "config"}},
		{"is os TLS gas address this", []string{"is", "os", "tls", "gas", "address", "thi"}},
		{"ÉtatÉtés", []string{"état", "été"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Words(test.text)); diff != "" {
			t.Errorf("Words(%q) (-want +got):\n%s", test.text, diff)
		}
	}
}

// What a word is found by can be searched for itself: splitting is settled
// after one pass, except for what ends in several plurals.
func TestWordsOfWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([A-Z]?[a-z0-9]{0,5}[a-rt-z0-9]s?[ ._]){0,8}`).Draw(t, "text")
		words := Words(text)
		if diff := cmp.Diff(words, Words(strings.Join(words, " "))); diff != "" {
			t.Fatalf("Words(%q) split again (-once +twice):\n%s", text, diff)
		}
	})
}
