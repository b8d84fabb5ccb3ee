package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table is printed as Markdown, in columns that line up in a terminal too.
type table struct {
	title   string
	columns []string // the first is that of the rows' names
	rows    [][]string
}

// add appends a row. Short ones have empty cells at the end.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table, and an empty line after it.
func (t *table) write(w io.Writer) error {
	widths := make([]int, len(t.columns))
	for _, row := range append([][]string{t.columns}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width-1) + ":" // numbers: to the right
	}
	rule[0] = strings.Repeat("-", widths[0])
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", t.title)
	line(&b, widths, t.columns)
	line(&b, widths, rule)
	for _, row := range t.rows {
		line(&b, widths, row)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func line(b *strings.Builder, widths []int, cells []string) {
	for i, width := range widths {
		cell := ""
		if i < len(cells) {
			cell = cells[i]
		}
		pad := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
		if i == 0 {
			cell += pad
		} else {
			cell = pad + cell
		}
		b.WriteString("| " + cell + " ")
	}
	b.WriteString("|\n")
}

// none stands where there is no figure.
const none = "–"

// number prints v with three significant digits or more, and thousands apart.
func number(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// ratio prints how many times base v is.
func ratio(v, base float64) string {
	if base == 0 {
		return none
	}
	return fmt.Sprintf("%.2f ×", v/base)
}

// mebibytes prints a size.
func mebibytes(n int) string { return fmt.Sprintf("%.4g MiB", float64(n)/(1<<20)) }
