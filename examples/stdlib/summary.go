package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Summarise writes the answer as text: the hits, then how many each package had.
func Summarise(hits []Hit, tally []Tally, c Corpus) string {
	var b strings.Builder
	terms := make([]string, len(c.Terms))
	for i, t := range c.Terms {
		terms[i] = fmt.Sprintf("%s (in %d)", t.Word, t.In)
	}
	fmt.Fprintf(&b, "%d declarations of %d packages, asked for %s\n\n",
		c.Declarations, len(tally), strings.Join(terms, ", "))
	if len(hits) == 0 {
		b.WriteString("Nothing found: try other words.\n")
		return b.String()
	}
	writeHits(&b, hits)
	b.WriteByte('\n')
	writeTally(&b, tally)
	return b.String()
}

func writeHits(b *strings.Builder, hits []Hit) {
	width := 0
	for _, hit := range hits {
		width = max(width, len(hit.name()))
	}
	for i, hit := range hits {
		fmt.Fprintf(b, "%3d  %6.3f  %-*s  %s\n", i+1, hit.Score, width, hit.name(), hit.Position)
		fmt.Fprintf(b, "             %s\n", hit.line())
	}
}

// name is how Go code outside the package would write the symbol.
func (d Declaration) name() string { return d.Package + "." + d.Symbol }

// line is the signature, with its kind where that doesn't show.
func (d Declaration) line() string {
	if d.Kind == "field" || d.Kind == "method" && !strings.HasPrefix(d.Signature, "func ") {
		return d.Kind + " " + d.Signature
	}
	return d.Signature
}

func writeTally(b *strings.Builder, tally []Tally) {
	tally = slices.SortedStableFunc(slices.Values(tally), func(a, b Tally) int {
		return cmp.Compare(b.Matched, a.Matched)
	})
	width := len("package")
	for _, t := range tally {
		width = max(width, len(t.Package))
	}
	fmt.Fprintf(b, "  %*s  declarations  match  above\n", width, "package")
	for _, t := range tally {
		fmt.Fprintf(b, "  %*s  %12d  %5d  %5d\n", width, t.Package, t.Declarations, t.Matched, t.Ranked)
	}
}
