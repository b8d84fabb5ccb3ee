package main

import (
	"strings"
	"unicode"
)

// Words splits text into the words that are indexed and asked for. Letters and
// digits make a word; an identifier is split at its humps, so that "deadline"
// finds SetReadDeadline and [Conn.SetDeadline]. Words are lower case and lose a
// plural's s: crude, but a question and a doc comment lose it alike.
func Words(text string) []string {
	var words []string
	for run := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		word := trimAcronymPlural([]rune(run))
		start := 0
		for i := range word {
			if i > 0 && startsHump(word, i) {
				words = append(words, stem(word[start:i]))
				start = i
			}
		}
		words = append(words, stem(word[start:]))
	}
	return words
}

// startsHump reports whether a new word begins at i > 0: an upper-case letter
// after something else (Set|Deadline), or the last of several before a
// lower-case one (HTTP|Server).
func startsHump(word []rune, i int) bool {
	if !unicode.IsUpper(word[i]) {
		return false
	}
	return !unicode.IsUpper(word[i-1]) || i+1 < len(word) && unicode.IsLower(word[i+1])
}

// trimAcronymPlural makes URLs into URL, which would else be UR and Ls.
func trimAcronymPlural(word []rune) []rune {
	last := len(word) - 1
	if last >= 2 && word[last] == 's' && unicode.IsUpper(word[last-1]) && unicode.IsUpper(word[last-2]) {
		return word[:last]
	}
	return word
}

// stem is a word's form in the index. Short words keep their s (is, os, TLS),
// and so does a double one (address).
func stem(word []rune) string {
	s := strings.ToLower(string(word))
	if len(s) > 3 && strings.HasSuffix(s, "s") && !strings.HasSuffix(s, "ss") {
		return s[:len(s)-1]
	}
	return s
}
