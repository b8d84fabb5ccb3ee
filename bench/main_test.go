package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main() // a test has started it
		return
	}
	goleak.VerifyTestMain(m)
}

// TestReport runs everything, as briefly and with as little as it can: that all
// of it works is a matter of tests, how fast it is none.
func TestReport(t *testing.T) {
	chosen, err := choose("")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	small := settings{rounds: 1, span: time.Millisecond, bulk: 1 << 18, relay: 1 << 18, chain: 1 << 17}
	if err := report(t.Context(), small, chosen, &out); err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		for _, row := range s.rows {
			if !strings.Contains(out.String(), "\n| "+row+" ") {
				t.Errorf("%s has no row %q", s.name, row)
			}
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

func TestRunOneRow(t *testing.T) {
	var out, usage strings.Builder
	args := []string{"-run", "^echo/raw tcp", "-rounds", "2", "-for", "1ms", "-profile", t.TempDir()}
	if err := run(t.Context(), args, &out, &usage); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n| raw tcp, 128 B "); got != 1 {
		t.Errorf("%d rows of the one that was asked for", got)
	}
	if strings.Contains(out.String(), "\n| "+baseline) {
		t.Error("a row that was not asked for")
	}
}

func TestRunRefuses(t *testing.T) {
	for _, row := range []struct{ arg, want string }{
		{"-run=(", "missing closing"},
		{"-run=nobody", "echo/net/rpc"}, // says what there is
		{"-rounds=0", "-rounds of 1 or more"},
		{"-for=0s", "-for of more than 0"},
		{"stray", "nothing but flags"},
		{"-profile=/nonexistent/dir", "-profile"},
	} {
		var out, usage strings.Builder
		err := run(t.Context(), []string{row.arg}, &out, &usage)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q in it", row.arg, err, row.want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: measured nevertheless:\n%s", row.arg, out.String())
		}
	}
}
