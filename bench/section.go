package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// section is a part of the benchmark that has tables of its own.
type section struct {
	name string
	rows []string

	// run measures these of its rows.
	run func(ctx context.Context, s settings, rows []string) ([]table, error)
}

// settings say how thoroughly to measure.
type settings struct {
	rounds int           // over which the medians are taken
	span   time.Duration // of one measurement
	bulk   int           // bytes of a transfer that small calls run beside
	relay  int           // bytes of a transfer through a relay
	chain  int           // bytes of a large value that a graph hands on
}

var sections = []section{echoSection, bulkSection, relaySection, graphSection, overloadSection, slowSection}

// choose returns the sections with those rows whose "section/row" matches.
func choose(pattern string) ([]section, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	var chosen []section
	var names []string
	for _, s := range sections {
		var rows []string
		for _, row := range s.rows {
			name := s.name + "/" + row
			names = append(names, name)
			if re.MatchString(name) {
				rows = append(rows, row)
			}
		}
		if s.rows = rows; len(rows) > 0 {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-run: %q matches none of:\n  %s", pattern, strings.Join(names, "\n  "))
	}
	return chosen, nil
}
