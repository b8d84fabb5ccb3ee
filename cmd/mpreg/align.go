package main

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// gap is how many spaces are between two columns.
const gap = 2

// aligned returns lines of text whose columns begin below each other. A line may
// have fewer columns than others, and what ends a line takes no part in this.
func aligned(lines [][]string) []byte {
	var widths []int
	for _, line := range lines {
		for i, text := range line[:max(0, len(line)-1)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cells(text))
		}
	}
	var out bytes.Buffer
	for _, line := range lines {
		for i, text := range line {
			out.WriteString(text)
			if i < len(line)-1 {
				out.WriteString(strings.Repeat(" ", widths[i]+gap-cells(text)))
			}
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// cells returns how many cells of a terminal a text takes, which must be
// printable: two for a character of East Asian scripts and for most emoji, none
// for an accent that is a character of its own.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

func runeCells(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// cut returns the beginning of s that takes no more than n cells.
func cut(s string, n int) string {
	for i, r := range s {
		if n -= runeCells(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

// printable returns s with everything escaped that would move what stands
// beside it, or that a terminal would obey.
func printable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}
