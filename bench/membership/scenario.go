package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// scenario is something that happens to a cluster, and what it takes until all nodes
// know.
type scenario struct {
	name string
	rows []*row
	run  func(context.Context, *trial) error
}

var scenarios = []scenario{startScenario, leaveScenario, killScenario, freezeScenario, partitionScenario, loadScenario}

// settings say how thoroughly to measure, and for how long to wait: what is not
// there then is recorded as taking longer.
type settings struct {
	rounds  int // in which each scenario is run with each contender
	repeats int // of what can be repeated within one cluster

	idle, split, load time.Duration // how long these last
	calm              time.Duration // nothing happens for so long before something does

	startLimit  time.Duration // all members and catalogs, after a start
	changeLimit time.Duration // a function or a departure known everywhere
	healLimit   time.Duration
}

var (
	thorough = settings{
		rounds: 3, repeats: 3,
		// Whole periods of memberlist's push/pull: 30 s, and 90 s at 100 nodes.
		idle: 90 * time.Second, split: 30 * time.Second, load: time.Minute, calm: 5 * time.Second,
		startLimit: 10 * time.Minute, changeLimit: 2 * time.Minute, healLimit: 2 * time.Minute,
	}
	quick = settings{
		rounds: 1, repeats: 1,
		idle: 5 * time.Second, split: 5 * time.Second, load: 5 * time.Second, calm: time.Second,
		startLimit: 30 * time.Second, changeLimit: 30 * time.Second, healLimit: 30 * time.Second,
	}
)

// within returns s with nothing but the partition and the load lasting longer than d.
func (s settings) within(d time.Duration) settings {
	for _, limit := range []*time.Duration{&s.idle, &s.startLimit, &s.changeLimit, &s.healLimit} {
		*limit = min(*limit, d)
	}
	return s
}

// choice is a scenario, and those that are to be measured in it.
type choice struct {
	scenario
	contenders []contender
}

// choose returns what has a "scenario/contender" that matches.
func choose(pattern string) ([]choice, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var chosen []choice
	var names []string
	for _, s := range scenarios {
		one := choice{scenario: s}
		for _, c := range contenders {
			name := s.name + "/" + c.name
			names = append(names, name)
			if re.MatchString(name) {
				one.contenders = append(one.contenders, c)
			}
		}
		if len(one.contenders) > 0 {
			chosen = append(chosen, one)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-only: %q matches none of:\n  %s", pattern, strings.Join(names, "\n  "))
	}
	return chosen, nil
}
