package mpreg

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestSaid: what strangers bring about keeps nothing else out of the log, and a line
// tells that there is more than is remembered.
func TestSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s said
		hour := func() (lines int) {
			for i := range 2 * maxSaid {
				for range 2 {
					if s.onceOf(fmt.Sprint("stranger ", i)) {
						lines++
					}
				}
				<-time.After(time.Millisecond)
			}
			return lines
		}
		if n := hour(); n != maxSaid+1 {
			t.Errorf("%d lines of strangers, want %d and one of those beyond", n, maxSaid)
		}
		if !s.once("ours") || s.once("ours") {
			t.Error("the node's own is not said once")
		}
		if s.onceOf("ours") || s.once("stranger 0") {
			t.Error("what was said of one kind is said of the other")
		}
		<-time.After(saidAgain + time.Second)
		if n := hour(); n != maxSaid+1 {
			t.Errorf("an hour later %d lines of strangers", n)
		}
		if !s.once("ours") {
			t.Error("the node's own is not said again")
		}
	})
}
