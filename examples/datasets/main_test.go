package main

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const wantOutput = `east has ["forbes-1857"]
west has ["hubble-1929"]
predict(194.5) at forbes-1857: 20.64, by east
predict(0.032) at hubble-1929: -26.25, by west

hubble-1929 moves from west to east, while calls go on.

east has ["forbes-1857" "hubble-1929"]
west has []
predict(194.5) at forbes-1857: 20.64, by east
predict(0.032) at hubble-1929: -26.25, by east

No call was lost, and no answer wrong:
`

// Both nodes answer for the model that moves, the calls that enter at either, and
// only who has it.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	printed, counts := out.String()[:min(len(wantOutput), out.Len())], out.String()[min(len(wantOutput), out.Len()):]
	if diff := cmp.Diff(wantOutput, printed); diff != "" {
		t.Errorf("output (-want +printed):\n%s", diff)
	}
	lines := regexp.MustCompile(`^(?:  forbes-1857 by east: \d+\n)?  hubble-1929 by east: (\d+)\n  hubble-1929 by west: (\d+)\n$`).FindStringSubmatch(counts)
	if lines == nil {
		t.Fatalf("counts of answers:\n%s", counts)
	}
	for _, count := range lines[1:] {
		if n, err := strconv.Atoi(count); err != nil || n < 2*enough {
			t.Errorf("a count of %s, %v, want %d at least:\n%s", count, err, 2*enough, counts)
		}
	}
}

// Who gives up at once gets no output: whether a node sees that its context has
// ended, or that it has stopped by it, is open.
func TestRunCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := run(ctx, &out); err == nil || out.Len() > 0 {
		t.Errorf("run returned %v and printed %q, want an error and no output", err, &out)
	}
}
