package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wantOutput is what is printed where some languages are there, and others are not.
func wantOutput(missing map[string]error) string {
	var b strings.Builder
	fmt.Fprintln(&b, "Go offers words and report")
	for _, l := range languages {
		if why := missing[l.name]; why != nil {
			fmt.Fprintf(&b, "%s is skipped: %v\n", l.name, why)
		} else {
			fmt.Fprintf(&b, "%s offers %s\n", l.name, l.offers)
		}
	}
	if missing["Node"] == nil {
		fmt.Fprintln(&b, `list:   "eins, zwei und drei"`)
	}
	if missing["Python"] == nil {
		fmt.Fprintln(&b, `survey: {Mean:3.67 Median:3 Longest:[three]}`)
		fmt.Fprintln(&b, `error:  mpreg: failed: no words, nothing to survey (function "survey", node "go", executed)`)
	}
	if len(missing) > 0 {
		fmt.Fprintln(&b, "graph:  skipped, as it needs both")
	} else {
		fmt.Fprintln(&b, "graph:  the longest words are functions, wherever, and somebody; the mean is 6.2 letters")
	}
	return b.String()
}

// absent says which languages are not there.
func absent(t *testing.T) map[string]error {
	t.Helper()
	missing := map[string]error{}
	for _, l := range languages {
		if _, err := l.command(t.Context()); err != nil {
			missing[l.name] = err
		}
	}
	return missing
}

func TestRun(t *testing.T) {
	missing := absent(t)
	for l, why := range missing {
		t.Logf("%s is not tested: %v", l, why)
		if os.Getenv("MPREG_TEST_"+strings.ToUpper(l)) == "require" {
			t.Errorf("MPREG_TEST_%s=require wants %s", strings.ToUpper(l), l)
		}
	}
	for range 2 { // nothing of the first run is in the way of the second
		var out bytes.Buffer
		if err := run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantOutput(missing), out.String()); diff != "" {
			t.Errorf("output (-want +printed):\n%s", diff)
		}
	}
}

// Where there is no other language the rest runs all the same.
func TestRunAlone(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	missing := absent(t)
	if missing["Node"] == nil {
		t.Fatal("found node on an empty PATH")
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantOutput(missing), out.String()); diff != "" {
		t.Errorf("output (-want +printed):\n%s", diff)
	}
}

// A worker that does not start says why.
func TestWorkerFails(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, err = startWorker(t.Context(), "Go", []string{program, "-test.run", "^$"})
	if err == nil || !strings.HasPrefix(err.Error(), "the worker in Go did not start: ") {
		t.Errorf("a program that offers nothing: %v", err)
	}
	_, err = startWorker(t.Context(), "Go", []string{"/no/such/program"})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no program: %v", err)
	}
}

// Who gives up leaves no process behind: goleak sees who would wait for it.
func TestRunCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := run(ctx, &out); !errors.Is(err, context.Canceled) || out.Len() > 0 {
		t.Errorf("run returned %v and printed %q", err, &out)
	}
}

// Who interrupts while it is found out what is there is not told that nothing is.
func TestRunInterrupted(t *testing.T) {
	path := t.TempDir()
	started := filepath.Join(path, "started")
	script := fmt.Sprintf("#!/bin/sh\n: > '%s'\nexec /bin/sleep 600\n", started)
	if err := os.WriteFile(filepath.Join(path, "node"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", path)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // nothing takes so long
	defer cancel()
	go func() {
		defer cancel()
		for poll := time.NewTicker(time.Millisecond); ctx.Err() == nil; <-poll.C {
			if _, err := os.Stat(started); err == nil {
				return
			}
		}
	}()
	var out bytes.Buffer
	if err := run(ctx, &out); !errors.Is(err, context.Canceled) || strings.Contains(out.String(), "skipped") {
		t.Errorf("run returned %v and printed %q", err, &out)
	}
}
