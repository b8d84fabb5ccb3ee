package hosttest_test

import (
	"testing"
	"time"
)

// patience bounds each wait. What is waited for takes seconds; the rest is for
// machines that are busy.
const patience = time.Minute

// pause is the time between two questions: each is a process.
const pause = 100 * time.Millisecond

// until asks until the answer is yes. What it saw last is in the failure.
func until(t *testing.T, what string, ask func() (seen string, yes bool)) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		seen, yes := ask()
		switch {
		case yes:
			return
		case time.Now().After(end):
			t.Fatalf("not within %v: %s; last seen: %s", patience, what, seen)
		}
		<-time.After(pause)
	}
}
