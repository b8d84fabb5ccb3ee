package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is printed, and what it should be.

var (
	nodeLine  = regexp.MustCompile(`(?m)^(\S+), PID (\d+), (ws://127\.0\.0\.1:\d+): (.+)$`)
	hitLine   = regexp.MustCompile(`(?m)^ *(\d+) +(\d+\.\d{3}) +(\S+) +(\S+)$`)
	tallyLine = regexp.MustCompile(`(?m)^ +(\S+) +(\d+) +(\d+) +(\d+)$`)
	totalLine = regexp.MustCompile(`(?m)^One request to (\S+): (\d+) commands in \d+\.\d\d ms, (\d+) of them on other nodes$`)
	levelLine = regexp.MustCompile(`(?m)^  \d+\.\d\d ms  (.+)$`)
	ranLine   = regexp.MustCompile(`(?m)^    (\w+(?: \S+)?) +(\S+)  PID (\d+)$`)
)

// printedNode is a node as it is printed.
type printedNode struct {
	name, url string
	pid       int
	packages  string
}

func printedNodes(printed string) []printedNode {
	var nodes []printedNode
	for _, m := range nodeLine.FindAllStringSubmatch(printed, -1) {
		pid, _ := strconv.Atoi(m[2])
		nodes = append(nodes, printedNode{m[1], m[3], pid, m[4]})
	}
	return nodes
}

// checkPrinted checks all that was printed for a question with these terms.
func checkPrinted(t *testing.T, printed string, all []*scanned, nodes, limit int, terms []string) {
	t.Helper()
	where, rest, _ := strings.Cut(printed, "\n\n")
	answer, ran, found := strings.Cut(rest, "\nOne request to ")
	if !found {
		t.Fatalf("it is not told what ran where:\n%s", printed)
	}
	checkAnswer(t, answer, all, limit, terms)
	checkPlaces(t, printedNodes(where), "One request to "+ran, nodes)
}

// checkAnswer compares a printed answer with that of the scan.
func checkAnswer(t *testing.T, answer string, all []*scanned, limit int, terms []string) {
	t.Helper()
	found := scanAnswer(all, strings.Join(terms, " "))
	ranked := found[:min(limit, len(found))]

	var hits []string
	for i, d := range ranked {
		hits = append(hits, fmt.Sprintf("%d %.3f %s.%s %s", i+1, d.score, d.pkg, d.symbol, d.position))
	}
	if diff := cmp.Diff(hits, rows(hitLine, answer)); diff != "" {
		t.Errorf("hits (-scanned +printed):\n%s", diff)
	}
	if diff := cmp.Diff(tally(all, found, ranked), sorted(rows(tallyLine, answer))); diff != "" && len(hits) > 0 {
		t.Errorf("tally (-scanned +printed):\n%s", diff)
	}
	if want := heading(all, terms); !strings.HasPrefix(answer, want) {
		t.Errorf("the heading is not %q:\n%s", want, answer)
	}
	if nothing := strings.Contains(answer, "Nothing found"); nothing != (len(hits) == 0) {
		t.Errorf("%d hits, but printed was:\n%s", len(hits), answer)
	}
}

// checkPlaces compares what ran where with where the packages are.
func checkPlaces(t *testing.T, nodes []printedNode, ran string, want int) {
	t.Helper()
	if len(nodes) != want {
		t.Fatalf("%d nodes, want %d: %+v", len(nodes), want, nodes)
	}
	var wantSteps []string // those at a package
	var places []string    // all that there are
	for i, pkg := range packages {
		n := nodes[i%want]
		if !slices.Contains(strings.Split(n.packages, ", "), pkg) {
			t.Errorf("%s is not at %+v", pkg, n)
		}
		place := fmt.Sprintf("%s %d", n.name, n.pid)
		places = append(places, place)
		wantSteps = append(wantSteps, "stats "+pkg+" "+place, "search "+pkg+" "+place)
	}
	var steps, others []string
	elsewhere := 0
	for _, m := range ranLine.FindAllStringSubmatch(ran, -1) {
		step, place := strings.TrimSpace(m[1]), m[2]+" "+m[3]
		if m[2] != nodes[0].name {
			elsewhere++
		}
		if strings.Contains(step, " ") {
			steps = append(steps, step+" "+place)
			continue
		}
		others = append(others, step)
		if !slices.Contains(places, place) {
			t.Errorf("%s ran on %s, which is none of %q", step, place, places)
		}
	}
	if diff := cmp.Diff(sorted(wantSteps), sorted(steps)); diff != "" {
		t.Errorf("commands at packages (-want +printed):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"weigh", "rank", "summarise"}, others); diff != "" {
		t.Errorf("other commands (-want +printed):\n%s", diff)
	}
	total := []string{fmt.Sprintf("%s 19 %d", nodes[0].url, elsewhere)}
	if diff := cmp.Diff(total, rows(totalLine, ran)); diff != "" {
		t.Errorf("URL, commands, commands on other nodes (-want +printed):\n%s", diff)
	}
	if levels := rows(levelLine, ran); len(levels) != 5 {
		t.Errorf("%d levels, want 5:\n%s", len(levels), ran)
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
