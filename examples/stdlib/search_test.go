package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// small is an index of declarations F0, F1, … with these texts.
func small(pkg string, texts ...string) *Index {
	ix := &Index{pkg: pkg, postings: make(map[string][]posting)}
	for i, text := range texts {
		ix.add(Declaration{Package: pkg, Symbol: fmt.Sprint("F", i)}, Words(text))
	}
	return ix
}

func TestStats(t *testing.T) {
	ix := small("p", "read a deadline", "deadline, deadline", "write")
	got, err := ix.Stats("Deadlines? WriteDeadline, please!")
	want := Stats{Package: "p", Declarations: 3, Length: 6, Terms: []Term{
		{Word: "deadline", In: 2}, {Word: "write", In: 1}, {Word: "please"},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}

	_, err = ix.Stats("?!")
	if want := `the question "?!" has no word to search for`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestWeigh(t *testing.T) {
	got := Weigh([]Stats{
		{Package: "p", Declarations: 3, Length: 6, Terms: []Term{{Word: "deadline", In: 2}, {Word: "write", In: 1}}},
		{Package: "q", Declarations: 5, Length: 14, Terms: []Term{{Word: "deadline"}, {Word: "write", In: 5}}},
	})
	want := Corpus{Declarations: 8, MeanLength: 2.5, Terms: []Term{
		{Word: "deadline", In: 2, Weight: math.Log(1 + 6.5/2.5)},
		{Word: "write", In: 6, Weight: math.Log(1 + 2.5/6.5)},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Corpus{}, Weigh(nil)); diff != "" {
		t.Errorf("nothing weighed (-want +got):\n%s", diff)
	}
}

func TestSearch(t *testing.T) {
	ix := small("p", "read a deadline", "deadline, deadline", "write")
	corpus := Corpus{Declarations: 3, MeanLength: 2, Terms: []Term{
		{Word: "deadline", In: 2, Weight: 0.5}, {Word: "read", In: 1, Weight: 1}, {Word: "gone", Weight: 2},
	}}
	long := 2.2 / (1 + 1.2*(0.25+0.75*3/2)) // one occurrence among three words
	first := Hit{Declaration: Declaration{Package: "p", Symbol: "F0"}, Score: 0.5*long + 1*long}
	second := Hit{Declaration: Declaration{Package: "p", Symbol: "F1"}, Score: 0.5 * 2 * 2.2 / (2 + 1.2)}

	for limit, want := range map[int][]Hit{-1: {}, 0: {}, 1: {first}, 2: {first, second}, 9: {first, second}} {
		got := ix.Search(corpus, limit)
		want := Found{Package: "p", Declarations: 3, Matched: 2, Hits: want}
		if diff := cmp.Diff(want, got, approximately); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
}

var approximately = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })

func TestRank(t *testing.T) {
	hit := func(pkg, symbol string, score float64) Hit {
		return Hit{Declaration: Declaration{Package: pkg, Symbol: symbol}, Score: score}
	}
	got := Rank([]Found{
		{Package: "q", Declarations: 9, Matched: 3, Hits: []Hit{hit("q", "B", 2), hit("q", "A", 1), hit("q", "C", 1)}},
		{Package: "p", Declarations: 7, Matched: 1, Hits: []Hit{hit("p", "Z", 1)}},
		{Package: "o", Declarations: 5, Hits: []Hit{}},
	}, 3)
	want := Ranking{
		Hits: []Hit{hit("q", "B", 2), hit("p", "Z", 1), hit("q", "A", 1)},
		Tally: []Tally{
			{Package: "q", Declarations: 9, Matched: 3, Ranked: 2},
			{Package: "p", Declarations: 7, Matched: 1, Ranked: 1},
			{Package: "o", Declarations: 5},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Ranking{Hits: []Hit{}, Tally: []Tally{}}, Rank(nil, 3)); diff != "" {
		t.Errorf("nothing ranked (-want +got):\n%s", diff)
	}
}

// That each package sends only its best hits loses none of the best of all.
func TestCutBeforeRankLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"red", "green", "blue"}), 1, 6),
			func(words []string) string { return strings.Join(words, " ") })
		limit := rapid.IntRange(0, 8).Draw(t, "limit")
		var stats []Stats
		var indexes []*Index
		for i, texts := range rapid.SliceOfN(rapid.SliceOfN(text, 1, 8), 1, 4).Draw(t, "packages") {
			ix := small(fmt.Sprint("p", i), texts...)
			s, err := ix.Stats("red or green")
			if err != nil {
				t.Fatal(err)
			}
			indexes, stats = append(indexes, ix), append(stats, s)
		}
		corpus := Weigh(stats)
		var cut, all []Found
		for _, ix := range indexes {
			cut = append(cut, ix.Search(corpus, limit))
			all = append(all, ix.Search(corpus, math.MaxInt))
		}
		if diff := cmp.Diff(Rank(all, limit), Rank(cut, limit)); diff != "" {
			t.Fatalf("(-all +cut):\n%s", diff)
		}
	})
}

func TestSummarise(t *testing.T) {
	corpus := Corpus{Declarations: 12, Terms: []Term{{Word: "deadline", In: 2}, {Word: "gone"}}}
	tally := []Tally{
		{Package: "strings", Declarations: 7},
		{Package: "net/http", Declarations: 5, Matched: 2, Ranked: 2},
	}
	hits := []Hit{
		{Declaration{"net/http", "Server.ReadDeadline", "field", "ReadDeadline time.Time", "src/net/http/s.go:7"}, 12.3456},
		{Declaration{"net/http", "At", "func", "func At(t time.Time)", "src/net/http/a.go:99"}, 1},
	}
	want := `12 declarations of 2 packages, asked for deadline (in 2), gone (in 0)

  1  12.346  net/http.Server.ReadDeadline  src/net/http/s.go:7
             field ReadDeadline time.Time
  2   1.000  net/http.At                   src/net/http/a.go:99
             func At(t time.Time)

   package  declarations  match  above
  net/http             5      2      2
   strings             7      0      0
`
	if diff := cmp.Diff(want, Summarise(hits, tally, corpus)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = "12 declarations of 2 packages, asked for deadline (in 2), gone (in 0)\n\nNothing found: try other words.\n"
	if diff := cmp.Diff(want, Summarise([]Hit{}, tally, corpus)); diff != "" {
		t.Errorf("nothing found (-want +got):\n%s", diff)
	}
}
