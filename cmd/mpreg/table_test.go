package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCellText(t *testing.T) {
	for _, test := range []struct {
		name  string
		cell  cell
		width int
		want  string
	}{
		{"empty", nil, 8, "-"},
		{"all", cell{"a", "bc"}, 4, "a,bc"},
		{"some", cell{"abc", "def", "ghi"}, 9, "abc,+2"},
		{"room for a comma and a number only", cell{"abc", "def", "ghi"}, 5, "+3"},
		{"the last is as short as the number", cell{"abc", "def", "g"}, 9, "abc,def,g"},
		{"one, cut", cell{"abcdef"}, 5, "abcd…"},
		{"characters, not bytes", cell{"äöü", "äöü"}, 7, "äöü,äöü"},
		{"more than nine", cell{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}, 6, "a,b,+9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.cell.text(test.width); got != test.want {
				t.Errorf("%q in %d: got %q, want %q", test.cell, test.width, got, test.want)
			}
		})
	}
}

// TestTableFits: lines are not longer than the screen unless no list can give
// any more, and wide ones have everything.
func TestTableFits(t *testing.T) {
	word := rapid.StringMatching(`[a-zö]{1,30}`)
	rapid.Check(t, func(t *rapid.T) {
		table := &table{columns: []column{{title: "A"}, {title: "B", list: true, first: true}, {title: "CCCCCCCCC", list: true}, {title: "D", list: true}}}
		var all []string
		longest, first := 1, narrow
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			name := word.Draw(t, "name")
			lists := rapid.SliceOfN(rapid.SliceOfN(word, 0, 12), 3, 3).Draw(t, "lists")
			table.add(cell{name}, lists[0], lists[1], lists[2])
			longest = max(longest, utf8.RuneCountInString(name))
			all = append(all, name)
			for i, list := range lists {
				all = append(all, list...)
				if i == 0 && len(list) > 0 {
					first = max(first, utf8.RuneCountInString(list[0])+len(",+11"))
				}
			}
		}
		var short, wide bytes.Buffer
		if err := table.write(&short, false); err != nil {
			t.Fatal(err)
		}
		if err := table.write(&wide, true); err != nil {
			t.Fatal(err)
		}
		limit := max(screen, longest+first+len("CCCCCCCCC")+narrow+3*gap)
		for line := range strings.Lines(short.String()) {
			if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > limit {
				t.Errorf("%d characters, want at most %d: %s", width, limit, line)
			}
		}
		for line := range strings.Lines(short.String()) {
			if n := len(strings.Fields(line)); n != 4 {
				t.Errorf("%d words, want one a column: %s", n, line)
			}
		}
		for _, word := range all {
			if !strings.Contains(wide.String(), word) {
				t.Errorf("%s is missing:\n%s", word, wide.String())
			}
		}
	})
}

// TestTableShowsNoControls: a node can call itself anything, and must not rule
// the terminal of who lists it.
func TestTableShowsNoControls(t *testing.T) {
	table := &table{columns: []column{{title: "NAME"}, {title: "LOCS", list: true}}}
	table.add(cell{"a\x1b[2J\nb"}, cell{"\xff", "ö\t\u202e"})
	var out bytes.Buffer
	if err := table.write(&out, false); err != nil {
		t.Fatal(err)
	}
	want := `NAME         LOCS
a\x1b[2J\nb  \xff,ö\t\u202e
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
