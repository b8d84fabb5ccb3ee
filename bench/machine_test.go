package main

import "testing"

func TestParseMachine(t *testing.T) {
	for _, row := range []struct {
		stat string
		want machine
		ok   bool
	}{
		{"cpu  10 1 5 100 20 2 3 4 7 8\ncpu0 1 1 1 1 1 1 1 1 1 1\n", machine{busy: 25, idle: 120}, true},
		{"cpu0 10 1 5 100 20 2 3 4 7 8\n", machine{}, false},
		{"cpu 10 1 5 100 20 2 3\n", machine{}, false},
		{"cpu 10 1 x 100 20 2 3 4\n", machine{}, false},
		{"", machine{}, false},
	} {
		if got, ok := parseMachine(row.stat); got != row.want || ok != row.ok {
			t.Errorf("%q: got %v, %v, want %v, %v", row.stat, got, ok, row.want, row.ok)
		}
	}
}

func TestOthers(t *testing.T) {
	before := machine{busy: 100, idle: 100}
	for _, row := range []struct {
		now  machine
		own  float64
		want float64
	}{
		{machine{busy: 175, idle: 125}, 0.5, 0.25},
		{machine{busy: 150, idle: 150}, 0.75, 0}, // ticks are coarse
		{before, 0.5, 0},
	} {
		if got := row.now.others(before, row.own); got != row.want {
			t.Errorf("%v, of which %v own: got %v, want %v", row.now, row.own, got, row.want)
		}
	}
}
