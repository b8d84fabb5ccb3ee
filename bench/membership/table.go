package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// row is a line of the tables.
type row struct {
	name string
	unit unit
}

// results are the figures of clusters of one size: of each row and contender, by its
// name, those of all rounds.
type results map[*row]map[string][]figure

func (r results) add(at *row, contender string, f figure) {
	if r[at] == nil {
		r[at] = make(map[string][]figure)
	}
	r[at][contender] = append(r[at][contender], f)
}

// write prints the medians as a Markdown table, in columns that line up in a terminal
// too, and an empty line after it. The last columns are the ratios of mpreg to each
// other contender.
func (r results) write(w io.Writer, size int, rows []*row) error {
	names := make([]string, len(contenders))
	for i, c := range contenders {
		names[i] = c.name
	}
	head, rule := []string{fmt.Sprintf("%d nodes", size)}, []string{"---"}
	for _, name := range names {
		head, rule = append(head, name), append(rule, "---:")
	}
	for _, name := range names[1:] {
		head, rule = append(head, names[0]+" ÷ "+name), append(rule, "---:")
	}
	tabs := tabwriter.NewWriter(w, 0, 0, 0, ' ', tabwriter.Debug)
	line(tabs, head)
	line(tabs, rule)
	for _, row := range rows {
		line(tabs, r.cells(row, names))
	}
	if err := tabs.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r results) cells(at *row, names []string) []string {
	cells := []string{at.name}
	medians := make([]figure, len(names))
	known := make([]bool, len(names))
	for i, name := range names {
		cell := none
		if medians[i], known[i] = median(r[at][name]); known[i] {
			cell = medians[i].show(at.unit)
		}
		cells = append(cells, cell)
	}
	for i := range names[1:] {
		cell := none
		if known[0] && known[i+1] {
			cell = medians[0].ratio(medians[i+1])
		}
		cells = append(cells, cell)
	}
	return cells
}

// line writes a row; tabwriter puts a bar in the place of each tab.
func line(w io.Writer, cells []string) {
	fmt.Fprintln(w, "\t "+strings.Join(cells, " \t ")+" \t")
}
