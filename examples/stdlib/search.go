package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// The usual constants of BM25: how soon more of the same word stops to count,
// and how much a long text is held against it.
const (
	saturation = 1.2
	lengthBias = 0.75
)

// Stats is what one package contributes to the weights of the question's words.
type Stats struct {
	Package      string `json:"package"`
	Declarations int    `json:"declarations"`
	Length       int    `json:"length"` // words of all its declarations
	Terms        []Term `json:"terms"`
}

// Term is a word of the question.
type Term struct {
	Word   string  `json:"word"`
	In     int     `json:"in"`               // declarations that have it
	Weight float64 `json:"weight,omitempty"` // how much it tells; 0 before Weigh
}

// Corpus is all packages seen as one: what makes their scores comparable.
type Corpus struct {
	Declarations int     `json:"declarations"`
	MeanLength   float64 `json:"mean_length"` // words a declaration
	Terms        []Term  `json:"terms"`
}

// Hit is a declaration that answers the question; a higher score, the better.
type Hit struct {
	Declaration
	Score float64 `json:"score"`
}

// Found is what one package has for the question: its best hits, best first.
type Found struct {
	Package      string `json:"package"`
	Declarations int    `json:"declarations"` // searched
	Matched      int    `json:"matched"`      // with a word of the question
	Hits         []Hit  `json:"hits"`
}

// Ranking is the best of all packages, best first, and what each had.
type Ranking struct {
	Hits  []Hit   `json:"hits"`
	Tally []Tally `json:"tally"`
}

// Tally counts a package's declarations: searched, matched, and ranked.
type Tally struct {
	Package      string `json:"package"`
	Declarations int    `json:"declarations"`
	Matched      int    `json:"matched"`
	Ranked       int    `json:"ranked"`
}

// Stats counts in how many of the package's declarations each word of the
// question occurs. A question without any word is an error.
func (ix *Index) Stats(question string) (Stats, error) {
	s := Stats{Package: ix.pkg, Declarations: len(ix.entries), Length: ix.length}
	for _, word := range Words(question) {
		if !slices.ContainsFunc(s.Terms, func(t Term) bool { return t.Word == word }) {
			s.Terms = append(s.Terms, Term{Word: word, In: len(ix.postings[word])})
		}
	}
	if len(s.Terms) == 0 {
		return Stats{}, fmt.Errorf("the question %q has no word to search for", question)
	}
	return s, nil
}

// Weigh adds the packages' statistics up and gives each word its weight: the
// rarer, the more it tells. A package that scored by its own counts would praise
// its one stray "deadline" as others their ten best.
func Weigh(stats []Stats) Corpus {
	var c Corpus
	length := 0
	for _, s := range stats {
		c.Declarations += s.Declarations
		length += s.Length
		for _, t := range s.Terms {
			if i := slices.IndexFunc(c.Terms, func(o Term) bool { return o.Word == t.Word }); i >= 0 {
				c.Terms[i].In += t.In
			} else {
				c.Terms = append(c.Terms, Term{Word: t.Word, In: t.In})
			}
		}
	}
	if c.Declarations > 0 {
		c.MeanLength = float64(length) / float64(c.Declarations)
	}
	for i := range c.Terms {
		in := float64(c.Terms[i].In)
		c.Terms[i].Weight = math.Log(1 + (float64(c.Declarations)-in+0.5)/(in+0.5))
	}
	return c
}

// Search scores the package's declarations against the words of the corpus by
// BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) and
// returns the best, at most limit: as the weights are those of all packages, no
// other of its hits can be among the best limit of all.
func (ix *Index) Search(c Corpus, limit int) Found {
	scores := make(map[int]float64)
	for _, term := range c.Terms {
		for _, p := range ix.postings[term.Word] {
			count := float64(p.count)
			norm := 1 - lengthBias + lengthBias*float64(ix.entries[p.entry].length)/c.MeanLength
			scores[p.entry] += term.Weight * count * (saturation + 1) / (count + saturation*norm)
		}
	}
	hits := make([]Hit, 0, len(scores))
	for i, score := range scores {
		hits = append(hits, Hit{Declaration: ix.entries[i].Declaration, Score: score})
	}
	return Found{
		Package:      ix.pkg,
		Declarations: len(ix.entries),
		Matched:      len(hits),
		Hits:         best(hits, limit),
	}
}

// Rank merges what the packages found into the best limit hits of all.
func Rank(found []Found, limit int) Ranking {
	hits := []Hit{} // not nil: an empty answer is a list too, on the wire
	for _, f := range found {
		hits = append(hits, f.Hits...)
	}
	r := Ranking{Hits: best(hits, limit), Tally: make([]Tally, len(found))}
	for i, f := range found {
		r.Tally[i] = Tally{Package: f.Package, Declarations: f.Declarations, Matched: f.Matched}
		for _, hit := range r.Hits {
			if hit.Package == f.Package {
				r.Tally[i].Ranked++
			}
		}
	}
	return r
}

// best sorts hits and returns the first limit of them. Equal scores are common,
// methods that share a doc comment for one: their names decide, so that the same
// question always has the same answer.
func best(hits []Hit, limit int) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(
			cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.Package, b.Package),
			cmp.Compare(a.Symbol, b.Symbol),
		)
	})
	return hits[:max(0, min(limit, len(hits)))]
}
