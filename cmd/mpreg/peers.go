package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

type peersCommand struct{ listing }

// Run prints a line a member.
func (c *peersCommand) Run(ctx context.Context, std stdio) error {
	return c.list(ctx, std, "mpreg.peers", func(members []member) *table { return peersTable(members, time.Now()) })
}

// peersTable has the node that answered, which lists itself first, at the top.
func peersTable(members []member, now time.Time) *table {
	t := &table{columns: []column{
		{title: "NAME"}, {title: "STATE"}, {title: "URLS", list: true, first: true},
		{title: "FUNCTIONS", list: true}, {title: "RESOURCES", list: true}, {title: "LOAD"}, {title: "AGE"},
	}}
	if len(members) > 0 {
		members[0].Name += "*"
		slices.SortStableFunc(members[1:], func(a, b member) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
		})
	}
	for _, m := range members {
		functions := make(cell, len(m.Functions))
		for i, o := range m.Functions {
			functions[i] = o.String()
		}
		t.add(cell{m.Name}, one(m.State), m.URLs, functions, m.Resources, one(m.Load.String()), one(age(m.Since, now)))
	}
	return t
}

// one returns a cell with one entry, or none if there is nothing to say.
func one(text string) cell {
	if text == "" {
		return nil
	}
	return cell{text}
}

// age says how long ago a time was, in its largest unit; nothing if it is not
// known. The node's clock may be ahead of this machine's.
func age(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	d := max(0, now.Sub(since))
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}
