package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What terminals show was compared with these.
func TestCells(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "plain": 5, "ünïcode": 7, "e\u0301": 1, "日本語": 6, "ｆｕｌｌ": 8, "ﾊﾝｶｸ": 4,
		"한국어": 6, "🚀": 2, "…": 1, "→": 1, "ไทย": 3, "กำ": 2, "नि": 2,
	} {
		if got := cells(text); got != want {
			t.Errorf("%q takes %d cells, want %d", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"plain", 5, "plain"}, {"plain", 4, "plai"}, {"plain", 0, ""},
		{"日本語", 5, "日本"}, {"日本語", 4, "日本"}, {"日本語", 1, ""},
		{"e\u0301e\u0301", 1, "e\u0301"}, // an accent stays with its letter
	} {
		if got := cut(test.text, test.n); got != test.want {
			t.Errorf("%q in %d cells: got %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

func TestAligned(t *testing.T) {
	got := string(aligned([][]string{
		{"日本", "x", "last of three"},
		{"one"},
		{},
		{"a longer first", "last of two"},
		{"e\u0301", "🚀", "of three"},
	}))
	want := "日本            x   last of three\n" +
		"one\n\n" +
		"a longer first  last of two\n" +
		"e\u0301               🚀  of three\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
