package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestReport runs everything, as briefly as it can: that all of it works is a matter
// of tests, how fast it is none.
func TestReport(t *testing.T) {
	chosen, err := choose("")
	if err != nil {
		t.Fatal(err)
	}
	brief := settings{
		rounds: 1, repeats: 1,
		idle: time.Millisecond, split: time.Millisecond, load: time.Millisecond, calm: time.Millisecond,
		startLimit: 100 * time.Millisecond, changeLimit: 100 * time.Millisecond, healLimit: 100 * time.Millisecond,
	}
	var out, progress strings.Builder
	if err := report(t.Context(), brief, []int{minNodes}, chosen, &out, &progress); err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		for _, row := range s.rows {
			if row == trafficRow {
				continue // there is one only if the start was quick enough
			}
			for _, c := range contenders {
				if !strings.Contains(progress.String(), c.name+", round 1: "+row.name+": ") {
					t.Errorf("%s: %s has no %q", s.name, c.name, row.name)
				}
			}
			if !strings.Contains(out.String(), "\n| "+row.name+" ") {
				t.Errorf("no row %q", row.name)
			}
		}
	}
	if t.Failed() {
		t.Log(progress.String(), out.String())
	}
}

// TestReportEnds shows that what was measured is printed also when it is cut short.
func TestReportEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	err := run(ctx, []string{"-nodes", "6", "-quick", "-only", "^leave/"}, &out, io.Discard)
	if !errors.Is(err, context.Canceled) || !strings.Contains(out.String(), "| "+leaveRow.name+" | –") {
		t.Errorf("got %v and\n%s", err, out.String())
	}
}

func TestRunRefuses(t *testing.T) {
	for _, row := range []struct{ arg, want string }{
		{"-only=(", "missing closing"},
		{"-only=nobody", "freeze/memberlist"}, // says what there is
		{"-nodes=10,5", `"5"`},
		{"-nodes=many", `"many"`},
		{"-rounds=-1", "-rounds of 1 or more"},
		{"stray", "nothing but flags"},
	} {
		var out strings.Builder
		err := run(t.Context(), []string{row.arg}, &out, io.Discard)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q in it", row.arg, err, row.want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: measured nevertheless:\n%s", row.arg, out.String())
		}
	}
}

func TestChoose(t *testing.T) {
	chosen, err := choose("^(start/|kill/mpreg)")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range chosen {
		for _, c := range one.contenders {
			got = append(got, one.name+"/"+c.name)
		}
	}
	if want := "start/mpreg start/memberlist kill/mpreg"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
