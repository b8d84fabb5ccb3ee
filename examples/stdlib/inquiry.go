package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// inquiry is the one request that answers a question, with its commands:
//
//	stats ×n → weigh → search ×n → rank → summarise
//
// As in a search engine of several shards, the first round makes the weights
// that the second one needs to score alike everywhere.
type inquiry struct {
	request                  *mpreg.Request
	stats, found             []*mpreg.Command // one a package
	corpus, ranking, summary *mpreg.Command
}

// newInquiry asks the packages for their best limit declarations. The commands
// have names for who reads logs and errors; what refers to them are Go values,
// so that a question that reads "weigh" is only a question.
func newInquiry(question string, packages []string, limit int) inquiry {
	q := inquiry{request: mpreg.NewRequest().IncludeSummary()}
	for _, pkg := range packages {
		q.stats = append(q.stats, q.request.Add("stats", question).Named("stats "+pkg).At(pkg))
	}
	q.corpus = q.request.Add("weigh", q.stats)
	for _, pkg := range packages {
		q.found = append(q.found, q.request.Add("search", q.corpus, limit).Named("search "+pkg).At(pkg))
	}
	q.ranking = q.request.Add("rank", q.found, limit)
	q.summary = q.request.Add("summarise", q.ranking.Field("hits"), q.ranking.Field("tally"), q.corpus)
	return q
}

// execution describes what ran for the inquiry, a line for each level of the
// graph, and how long it took.
func (q inquiry) execution(s *mpreg.Summary) string {
	n := len(q.stats)
	levels := []struct {
		commands  int
		function  string
		described string
	}{
		{n, "stats", "each at its package"},
		{1, "weigh", "of all stats"},
		{n, "search", "each at its package, by these weights"},
		{1, "rank", "of all that was found"},
		{1, "summarise", "of the ranking's hits and tally, and the weights"},
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d commands in %s\n", n+1+n+1+1, milliseconds(s.Duration))
	for i, l := range levels {
		fmt.Fprintf(&b, "%3d × %-9s  %9s  %s\n", l.commands, l.function, milliseconds(s.Levels[i]), l.described)
	}
	return b.String()
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
}
