package main

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

const (
	screen = 80 // cells that a line is shortened to, if its lists allow that
	narrow = 8  // cells that a list keeps in any case
)

// table is aligned text for the eye and for grep and awk: a line an entry, a
// word a cell, unless a node has a name of several. What identifies something is
// never shortened; lists are.
type table struct {
	columns []column
	rows    [][]cell
}

// column is one of a table.
type column struct {
	title string
	list  bool // its cells may be shortened
	first bool // but each keeps its first entry whole: one can copy it
	most  int  // cells that are enough for it; 0 for any number
}

// cell is a list, of one entry in a column that is none.
type cell []string

// add adds a row. What other nodes call themselves must not move the cursor.
func (t *table) add(row ...cell) {
	for i, c := range row {
		clean := make(cell, len(c))
		for j, entry := range c {
			clean[j] = printable(entry)
		}
		row[i] = clean
	}
	t.rows = append(t.rows, row)
}

// write writes the titles and the rows; if wide, nothing is shortened.
func (t *table) write(w io.Writer, wide bool) error {
	widths := t.widths()
	if !wide {
		widths = t.fit(widths)
	}
	lines := make([][]string, 1+len(t.rows))
	for i, c := range t.columns {
		lines[0] = append(lines[0], c.title)
		for j, row := range t.rows {
			lines[1+j] = append(lines[1+j], row[i].text(widths[i]))
		}
	}
	_, err := w.Write(aligned(lines))
	return err
}

// widths returns what the columns take if nothing is shortened.
func (t *table) widths() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = cells(c.title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], row[i].width())
		}
	}
	return widths
}

// fit makes a line as short as the screen, if the lists allow that, and returns
// what the columns then take.
func (t *table) fit(whole []int) []int {
	for i, c := range t.columns {
		if c.most > 0 {
			whole[i] = min(whole[i], c.most)
		}
	}
	widths := slices.Clone(whole)
	t.shrink(widths)
	widths = t.taken(widths)
	lacks := func(i int) int { return whole[i] - widths[i] }
	neediest := 0
	for i := range widths {
		if lacks(i) > lacks(neediest) {
			neediest = i
		}
	}
	if spare := screen - total(widths); spare > 0 { // as lists end before their columns do
		widths[neediest] += spare
		widths = t.taken(widths)
	}
	return widths
}

// shrink takes from the widest list, again and again, until a line fits or no
// list has anything to give.
func (t *table) shrink(widths []int) {
	least := make([]int, len(widths))
	for i, width := range widths {
		least[i] = min(width, t.least(i))
	}
	for over := total(widths) - screen; over > 0; over-- {
		widest := -1
		for i, width := range widths {
			if t.columns[i].list && width > least[i] && (widest < 0 || width > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// total returns the length of a line.
func total(widths []int) int {
	sum := gap * (len(widths) - 1)
	for _, width := range widths {
		sum += width
	}
	return sum
}

// taken returns what the columns take if they may take these widths.
func (t *table) taken(widths []int) []int {
	taken := make([]int, len(widths))
	for i, c := range t.columns {
		taken[i] = cells(c.title)
		for _, row := range t.rows {
			taken[i] = max(taken[i], cells(row[i].text(widths[i])))
		}
	}
	return taken
}

// least returns what a column of lists needs.
func (t *table) least(i int) int {
	c := t.columns[i]
	least := max(narrow, cells(c.title))
	if c.first {
		for _, row := range t.rows {
			if list := row[i]; len(list) > 0 {
				least = max(least, cells(list[0])+cells(more(1, len(list))))
			}
		}
	}
	return least
}

// width returns what the whole list takes.
func (c cell) width() int {
	if len(c) == 0 {
		return 1
	}
	width := len(c) - 1
	for _, entry := range c {
		width += cells(entry)
	}
	return width
}

// text returns as many entries as fit, and how many more there are.
func (c cell) text(width int) string {
	switch {
	case len(c) == 0:
		return "-" // an empty cell would shift the others for awk
	case c.width() <= width:
		return strings.Join(c, ",")
	case len(c) == 1:
		return cut(c[0], width-1) + "…"
	}
	kept, taken := 0, 0
	for ; kept < len(c)-1; kept++ {
		next := taken + cells(c[kept])
		if next+len(more(kept+1, len(c))) > width {
			break
		}
		taken = next + 1 // and its comma
	}
	return strings.Join(c[:kept], ",") + more(kept, len(c))
}

// more says how many of a list's entries are left out.
func more(kept, of int) string {
	switch kept {
	case 0:
		return "+" + strconv.Itoa(of)
	case of:
		return ""
	}
	return ",+" + strconv.Itoa(of-kept)
}
