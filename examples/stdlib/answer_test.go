package main

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// scanAnswer scores every declaration for the question and sorts those that
// have any of its words, best first.
func scanAnswer(all []*scanned, question string) []*scanned {
	asked := scanWords(question)
	slices.Sort(asked)
	asked = slices.Compact(asked)

	total := 0
	in := make(map[string]int)
	for _, d := range all {
		total += len(d.words)
		for _, w := range asked {
			if slices.Contains(d.words, w) {
				in[w]++
			}
		}
	}
	mean := float64(total) / float64(len(all))
	var answer []*scanned
	for _, d := range all {
		scored := *d
		for _, w := range asked {
			f := 0.0
			for _, have := range d.words {
				if have == w {
					f++
				}
			}
			n := float64(in[w])
			idf := math.Log((float64(len(all))-n+0.5)/(n+0.5) + 1)
			scored.score += idf * (f * 2.2) / (f + 1.2*(1-0.75+0.75*float64(len(d.words))/mean))
		}
		if scored.score > 0 {
			answer = append(answer, &scored)
		}
	}
	slices.SortFunc(answer, func(a, b *scanned) int {
		if math.Abs(a.score-b.score) > 1e-9 {
			return cmp.Compare(b.score, a.score)
		}
		return cmp.Or(strings.Compare(a.pkg, b.pkg), strings.Compare(a.symbol, b.symbol))
	})
	return answer
}
