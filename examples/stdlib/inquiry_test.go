package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

// single starts a node that has all packages in this process, until the test
// ends, and returns a client of it.
func single(t *testing.T) *mpreg.Client {
	t.Helper()
	node, err := newNode(mpreg.Config{Name: "single"}, stdlib(t), mpreg.WithLogger(newLog()))
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		ended <- serve(ctx, node, func(ctx context.Context) error {
			close(ready)
			<-ctx.Done()
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	client := mpreg.NewClient(node.URL())
	t.Cleanup(func() { client.Close() })
	return client
}

// The answer is the one that the scan of the source's text finds.
func TestInquire(t *testing.T) {
	client, all := single(t), scan(t)
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
			answer, _, err := inquire(t.Context(), client, test.question, test.limit)
			if err != nil {
				t.Fatal(err)
			}
			checkAnswer(t, answer, all, test.limit, test.terms)
		})
	}
}

func TestInquireErrors(t *testing.T) {
	client := single(t)
	_, _, err := inquire(t.Context(), client, "?!", 10)
	if !errors.Is(err, mpreg.Failed) || !strings.Contains(err.Error(), `the question "?!" has no word to search for`) {
		t.Errorf("no word: error %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := inquire(canceled, client, "deadline", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
	err = awaitOffers(canceled, client, []string{"strings", "no/such"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled while waiting: error %v", err)
	}
}

// Each command of the request returns what its function does when it is called
// directly, with what the functions before it return.
func TestInquiry(t *testing.T) {
	const question, limit = "deadline weigh", 7
	q := newInquiry(question, packages, limit)
	q.request.ReturnIntermediate()
	resp, err := single(t).Do(t.Context(), q.request)
	if err != nil {
		t.Fatal(err)
	}
	var levels []int
	for _, level := range resp.Levels {
		levels = append(levels, len(level.Results))
	}
	if diff := cmp.Diff([]int{8, 1, 8, 1, 1}, levels); diff != "" {
		t.Errorf("commands of each level (-want +got):\n%s", diff)
	}
	var stats []Stats
	for i, ix := range stdlib(t) {
		s, err := ix.Stats(question)
		if err != nil {
			t.Fatal(err)
		}
		stats = append(stats, s)
		same(t, resp, q.stats[i], s)
	}
	corpus := Weigh(stats)
	same(t, resp, q.weigh, corpus)
	var found []Found
	for i, ix := range stdlib(t) {
		found = append(found, ix.Search(corpus, limit))
		same(t, resp, q.found[i], found[i])
	}
	ranking := Rank(found, limit)
	same(t, resp, q.ranked, ranking)
	same(t, resp, q.summary, Summarise(ranking.Hits, ranking.Tally, corpus))
}

func same[T any](t *testing.T, resp *mpreg.Response, s step, want T) {
	t.Helper()
	got, err := mpreg.Get[Ran[T]](resp, s.Command)
	if err != nil {
		t.Error(err)
		return
	}
	if diff := cmp.Diff(Ran[T]{Place{"single", os.Getpid()}, want}, got); diff != "" {
		t.Errorf("%s (-called directly +returned):\n%s", s.name, diff)
	}
}

func TestDeal(t *testing.T) {
	for n := 1; n <= len(packages); n++ {
		hands := deal(packages, n)
		all := slices.Concat(hands...)
		slices.Sort(all)
		if diff := cmp.Diff(slices.Sorted(slices.Values(packages)), all); diff != "" || len(hands) != n {
			t.Errorf("%d hands, want %d; packages (-dealt +held):\n%s", len(hands), n, diff)
		}
		if least := len(packages) / n; len(hands[n-1]) != least || len(hands[0]) > least+1 {
			t.Errorf("of %d hands the first has %d packages, the last %d", n, len(hands[0]), len(hands[n-1]))
		}
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
