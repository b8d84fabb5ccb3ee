package main

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const wantOutput = `words:   ["functions" "find" "each" "other"]
shout:   "HELLO!!!"
graph:   "INPUTS!"
error:   mpreg: code 2001: of no words none is the longest (function "longest", node "quickstart", executed)
its code is noWords: true
`

func TestRun(t *testing.T) {
	for range 2 { // nothing of the first run is in the way of the second
		var out bytes.Buffer
		if err := run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantOutput, out.String()); diff != "" {
			t.Errorf("output (-want +printed):\n%s", diff)
		}
	}
}

func TestRunCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := run(ctx, &out); !errors.Is(err, context.Canceled) {
		t.Errorf("run returned %v, want context.Canceled", err)
	}
	if out.Len() > 0 {
		t.Errorf("printed %q", &out)
	}
}
