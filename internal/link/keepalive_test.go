package link

import (
	"testing"
	"time"
)

// TestKeepalive follows a keepalive through times in seconds: interval 15, timeout 10.
func TestKeepalive(t *testing.T) {
	type step struct {
		now, heard int
		wrote      int // before the check a ping was written at this time; 0: none
		want       verdict
		next       int
	}
	tests := map[string][]step{
		"traffic":           {{now: 15, heard: 14, want: wait, next: 14}, {now: 29, heard: 29, want: wait, next: 15}},
		"ping is answered":  {{now: 15, want: ping, next: 10}, {now: 25, heard: 16, wrote: 15, want: wait, next: 6}, {now: 31, heard: 16, want: ping, next: 10}},
		"answer at once":    {{now: 15, want: ping, next: 10}, {now: 25, heard: 15, wrote: 15, want: wait, next: 5}},
		"no answer":         {{now: 15, want: ping, next: 10}, {now: 25, wrote: 15, want: dead}},
		"ping was late":     {{now: 15, want: ping, next: 10}, {now: 25, wrote: 20, want: wait, next: 5}, {now: 30, want: dead}},
		"ping is stuck":     {{now: 15, want: ping, next: 10}, {now: 25, want: wait, next: 10}, {now: 35, wrote: 26, want: wait, next: 1}},
		"we stood still":    {{now: 15, want: ping, next: 10}, {now: 90, wrote: 15, want: ping, next: 10}, {now: 100, wrote: 90, want: dead}},
		"asleep, then life": {{now: 15, want: ping, next: 10}, {now: 90, wrote: 15, want: ping, next: 10}, {now: 100, wrote: 90, heard: 91, want: wait, next: 6}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			k := keepalive{interval: 15 * time.Second, timeout: 10 * time.Second}
			for i, s := range steps {
				if s.wrote > 0 {
					k.writing(time.Duration(s.wrote) * time.Second)
					k.written(time.Duration(s.wrote) * time.Second)
				}
				v, next := k.check(time.Duration(s.now)*time.Second, time.Duration(s.heard)*time.Second)
				if v != s.want || next != time.Duration(s.next)*time.Second {
					t.Fatalf("step %d at %ds: got verdict %d, next in %v; want %d, %ds", i, s.now, v, next, s.want, s.next)
				}
			}
		})
	}
}
