package main

import (
	"fmt"
	"slices"
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
	request                *mpreg.Request
	stats, found           []step // one a package
	weigh, ranked, summary step
}

// step is a command and its name.
type step struct {
	name string
	*mpreg.Command
}

// result refers to what the command returned, without where it ran.
func (s step) result(path ...any) *mpreg.Ref {
	return s.Field(append([]any{"result"}, path...)...)
}

func results(steps []step) []*mpreg.Ref {
	refs := make([]*mpreg.Ref, len(steps))
	for i, s := range steps {
		refs[i] = s.result()
	}
	return refs
}

// newInquiry asks the packages for their best limit declarations. The commands
// have names for who reads logs and errors; what refers to them are Go values,
// so that a question that reads "weigh" is only a question.
func newInquiry(question string, packages []string, limit int) *inquiry {
	q := &inquiry{request: mpreg.NewRequest().IncludeSummary()}
	for _, pkg := range packages {
		q.stats = append(q.stats, q.at(pkg, "stats", question))
	}
	q.weigh = q.anywhere("weigh", results(q.stats))
	for _, pkg := range packages {
		q.found = append(q.found, q.at(pkg, "search", q.weigh.result(), limit))
	}
	q.ranked = q.anywhere("rank", results(q.found), limit)
	q.summary = q.anywhere("summarise", q.ranked.result("hits"), q.ranked.result("tally"), q.weigh.result())
	return q
}

// at adds a command that runs where the package is.
func (q *inquiry) at(pkg, function string, args ...any) step {
	return q.add(function+" "+pkg, q.request.Add(function, args...).At(pkg))
}

// anywhere adds a command that any node can run.
func (q *inquiry) anywhere(function string, args ...any) step {
	return q.add(function, q.request.Add(function, args...))
}

// add has the command's result returned too, for where it ran.
func (q *inquiry) add(name string, c *mpreg.Command) step {
	q.request.Return(c.Named(name))
	return step{name, c}
}

// execution describes what ran for the inquiry: for each level of the graph how
// long it took, and for each of its commands the process.
func (q *inquiry) execution(resp *mpreg.Response) (string, error) {
	levels := []struct {
		steps     []step
		described string
	}{
		{q.stats, "each at its package"},
		{[]step{q.weigh}, "of all stats"},
		{q.found, "each at its package, by these weights"},
		{[]step{q.ranked}, "of all that was found"},
		{[]step{q.summary}, "of the ranking's hits and tally, and the weights"},
	}
	width := 0
	for _, s := range slices.Concat(q.stats, q.found) {
		width = max(width, len(s.name))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d commands in %s, %d of them on other nodes\n",
		len(resp.Results), milliseconds(resp.Summary.Duration), resp.Summary.Hops)
	for i, l := range levels {
		fmt.Fprintf(&b, "\n  %s  %s\n", milliseconds(resp.Summary.Levels[i]), l.described)
		for _, s := range l.steps {
			place, err := mpreg.Get[Place](resp, s.Command)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "    %-*s  %s  PID %d\n", width, s.name, place.Node, place.PID)
		}
	}
	return b.String(), nil
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
}
