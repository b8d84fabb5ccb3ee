package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mpreg/mpreg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	hitLine       = regexp.MustCompile(`(?m)^ *(\d+) +(\d+\.\d{3}) +(\S+) +(\S+)$`)
	executionLine = regexp.MustCompile(`(?m)^ +(\d+) × (\w+) +\d+\.\d\d ms  .+$`)
	tallyLine     = regexp.MustCompile(`(?m)^ +(\S+) +(\d+) +(\d+) +(\d+)$`)
)

// The printed answer is the one that the scan of the source's text finds.
func TestAnswer(t *testing.T) {
	indexes, all := stdlib(t), scan(t)
	tests := []struct {
		question string
		limit    int
		terms    []string // in the order printed
	}{
		{"Which functions?", 5, []string{"which", "function"}},
		{"Timeouts timeout, canceled contexts", 25, []string{"timeout", "canceled", "context"}},
		{"HTTP server", 3, []string{"http", "server"}},
		{"the", 200, []string{"the"}},
		{"fold xyzzy weigh", 4, []string{"fold", "xyzzy", "weigh"}},
		{"weigh", 10, []string{"weigh"}},
	}
	for _, test := range tests {
		t.Run(test.question, func(t *testing.T) {
			var out bytes.Buffer
			if err := answer(t.Context(), &out, indexes, test.question, test.limit); err != nil {
				t.Fatal(err)
			}
			checkAnswer(t, out.String(), all, strings.Join(test.terms, " "), test.limit, test.terms)
		})
	}
}

// So is that of the whole program, which asks for a deadline and a timeout.
func TestRun(t *testing.T) {
	all := scan(t)
	var out bytes.Buffer
	if err := run(t.Context(), &out, nil); err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, out.String(), all, "deadline timeout", 10, []string{"deadline", "timeout"})

	want := []string{"8 stats", "1 weigh", "8 search", "1 rank", "1 summarise"}
	if diff := cmp.Diff(want, rows(executionLine, out.String())); diff != "" {
		t.Errorf("execution (-want +printed):\n%s\n%s", diff, &out)
	}
	if want := "\nOne request to ws://127.0.0.1:"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is missing:\n%s", want, &out)
	}
}

func checkAnswer(t *testing.T, printed string, all []*scanned, question string, limit int, terms []string) {
	t.Helper()
	found := scanAnswer(all, question)
	ranked := found[:min(limit, len(found))]

	var hits []string
	for i, d := range ranked {
		hits = append(hits, fmt.Sprintf("%d %.3f %s.%s %s", i+1, d.score, d.pkg, d.symbol, d.position))
	}
	if diff := cmp.Diff(hits, rows(hitLine, printed)); diff != "" {
		t.Errorf("hits (-scanned +printed):\n%s", diff)
	}
	if diff := cmp.Diff(tally(all, found, ranked), sorted(rows(tallyLine, printed))); diff != "" && len(hits) > 0 {
		t.Errorf("tally (-scanned +printed):\n%s", diff)
	}
	if want := heading(all, terms); !strings.HasPrefix(printed, want) {
		t.Errorf("the heading is not %q:\n%s", want, printed)
	}
	if nothing := strings.Contains(printed, "Nothing found"); nothing != (len(hits) == 0) {
		t.Errorf("%d hits, but printed was:\n%s", len(hits), printed)
	}
}

// rows returns what the groups of the expression matched, a line each.
func rows(line *regexp.Regexp, text string) []string {
	var rows []string
	for _, m := range line.FindAllStringSubmatch(text, -1) {
		rows = append(rows, strings.Join(m[1:], " "))
	}
	return rows
}

func sorted(rows []string) []string {
	slices.Sort(rows)
	return rows
}

// tally counts the scanned declarations of each package, in order of its name.
func tally(all, answer, ranked []*scanned) []string {
	count := func(list []*scanned, pkg string) (n int) {
		for _, d := range list {
			if d.pkg == pkg {
				n++
			}
		}
		return n
	}
	var rows []string
	for _, pkg := range packages {
		rows = append(rows, fmt.Sprintf("%s %d %d %d", pkg, count(all, pkg), count(answer, pkg), count(ranked, pkg)))
	}
	return sorted(rows)
}

func heading(all []*scanned, terms []string) string {
	var parts []string
	for _, term := range terms {
		in := 0
		for _, d := range all {
			if slices.Contains(d.words, term) {
				in++
			}
		}
		parts = append(parts, fmt.Sprintf("%s (in %d)", term, in))
	}
	return fmt.Sprintf("%d declarations of %d packages, asked for %s\n\n", len(all), len(packages), strings.Join(parts, ", "))
}

// Each command of the request returns what its function does when it is called
// directly, with what the functions before it return.
func TestInquiry(t *testing.T) {
	indexes := stdlib(t)
	node, err := newNode(indexes)
	if err != nil {
		t.Fatal(err)
	}
	err = serve(t.Context(), node, func(ctx context.Context) error {
		client := mpreg.NewClient(node.URL())
		defer client.Close()

		const question, limit = "deadline weigh", 7
		q := newInquiry(question, packages, limit)
		q.request.Return(slices.Concat(q.stats, q.found, []*mpreg.Command{q.corpus, q.ranking})...)
		q.request.ReturnIntermediate()
		resp, err := client.Do(ctx, q.request)
		if err != nil {
			return err
		}
		var levels []int
		for _, level := range resp.Levels {
			levels = append(levels, len(level.Results))
		}
		if diff := cmp.Diff([]int{8, 1, 8, 1, 1}, levels); diff != "" {
			t.Errorf("commands of each level (-want +got):\n%s", diff)
		}
		var stats []Stats
		for i, ix := range indexes {
			s, err := ix.Stats(question)
			if err != nil {
				return err
			}
			stats = append(stats, s)
			same(t, resp, q.stats[i], s)
		}
		corpus := Weigh(stats)
		same(t, resp, q.corpus, corpus)
		var found []Found
		for i, ix := range indexes {
			found = append(found, ix.Search(corpus, limit))
			same(t, resp, q.found[i], found[i])
		}
		ranking := Rank(found, limit)
		same(t, resp, q.ranking, ranking)
		same(t, resp, q.summary, Summarise(ranking.Hits, ranking.Tally, corpus))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func same[T any](t *testing.T, resp *mpreg.Response, cmd *mpreg.Command, want T) {
	t.Helper()
	got, err := mpreg.Get[T](resp, cmd)
	if err != nil {
		t.Error(err)
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-called directly +returned):\n%s", diff)
	}
}

func TestRunErrors(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"-h"}); err != nil || out.String() != usage {
		t.Errorf("-h: error %v, printed %q", err, &out)
	}
	out.Reset()
	for _, n := range []string{"many", "0", "-1"} {
		if err := run(t.Context(), &out, []string{"-n", n}); err == nil || !strings.HasSuffix(err.Error(), "\n"+usage) {
			t.Errorf("-n %s: error %v", n, err)
		}
	}
	err := answer(t.Context(), &out, stdlib(t), "?!", 10)
	if !errors.Is(err, mpreg.Failed) || !strings.Contains(err.Error(), `the question "?!" has no word to search for`) {
		t.Errorf("no word: error %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := answer(canceled, &out, stdlib(t), "deadline", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("printed beside an error: %s", &out)
	}
}

// A package that does not exist is reported, and no index returned.
func TestIndexAllErrors(t *testing.T) {
	indexes, err := indexAll(t.TempDir(), []string{"no/such", "nor/this"})
	if indexes != nil || err == nil ||
		!strings.Contains(err.Error(), "package no/such: ") || !strings.Contains(err.Error(), "package nor/this: ") {
		t.Errorf("%v, error %v", indexes, err)
	}
}
