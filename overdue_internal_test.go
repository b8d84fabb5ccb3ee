package mpreg

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// logText is what was logged since it was last asked.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// newOverdue returns one whose log has the time of a bubble, in seconds.
func newOverdue() (o *overdue, log *logText) {
	log = new(logText)
	start := time.Now()
	return &overdue{log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.String("at", a.Value.Time().Sub(start).String())
			}
			return a
		},
	}))}, log
}

// pass lets time pass, and what is due then be done.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// lines checks what the log was told since it was last asked.
func lines(t *testing.T, log *logText, want ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(log.take()) {
		got = append(got, strings.TrimSpace(line))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestOverdue: what goes on for a second after its context is counted and told
// of, each minute, until it has returned.
func TestOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, log := newOverdue()
		counts := func(want map[string]int) {
			t.Helper()
			if diff := cmp.Diff(want, o.count()); diff != "" {
				t.Errorf("count (-want +got):\n%s", diff)
			}
		}
		first := o.watch("f", "r1")
		pass(999 * time.Millisecond)
		counts(nil)
		lines(t, log)
		pass(time.Millisecond)
		counts(map[string]int{"f": 1})
		lines(t, log, `at=1s level=WARN msg="function ignores the end of its context" function=f calls=1 request=r1 for=1s`)

		pass(29 * time.Second) // 30 s
		second, other := o.watch("f", "r2"), o.watch("g", "r3")
		pass(31 * time.Second) // 61 s
		counts(map[string]int{"f": 2, "g": 1})
		lines(t, log,
			`at=31s level=WARN msg="function ignores the end of its context" function=g calls=1 request=r3 for=1s`,
			`at=1m1s level=WARN msg="function ignores the end of its context" function=f calls=2 request=r1 for=1m1s`)
		other()
		counts(map[string]int{"f": 2})
		lines(t, log, `at=1m1s level=INFO msg="function returned after its context had ended" function=g calls=1 request=r3 longest=31s`)

		pass(9 * time.Second) // 70 s
		first()
		counts(map[string]int{"f": 1})
		pass(time.Minute) // 130 s
		lines(t, log, `at=2m1s level=WARN msg="function ignores the end of its context" function=f calls=1 request=r2 for=1m31s`)
		second()
		counts(nil)
		lines(t, log, `at=2m10s level=INFO msg="function returned after its context had ended" function=f calls=2 request=r2 longest=1m40s`)
		pass(time.Hour)
		lines(t, log)
		if o.timer != nil || len(o.functions) != 0 {
			t.Errorf("something is left: %v", o.functions)
		}
	})
}

// TestOverdueInTime: nobody hears of what ends within the second, however often.
func TestOverdueInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, log := newOverdue()
		for range 100 {
			returned := o.watch("f", "r")
			pass(900 * time.Millisecond)
			returned()
		}
		pass(time.Hour)
		lines(t, log)
	})
}

// TestOverdueOften: a function that is late time and again is told of once a
// minute.
func TestOverdueOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, log := newOverdue()
		for range 100 { // 200 s
			returned := o.watch("f", "r")
			pass(2 * time.Second)
			returned()
		}
		text := log.take()
		if n := strings.Count(text, "level=WARN"); n != 4 {
			t.Errorf("%d warnings:\n%s", n, text)
		}
		if n := strings.Count(text, "level=INFO"); n != 4 {
			t.Errorf("%d lines about an end:\n%s", n, text)
		}
	})
}

// TestOverdueClosed: a node that has stopped says nothing more.
func TestOverdueClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, log := newOverdue()
		before := o.watch("f", "r1")
		pass(500 * time.Millisecond)
		o.close()
		after := o.watch("f", "r2")
		pass(time.Minute)
		before()
		after()
		lines(t, log)
		if n := o.count(); n != nil || o.timer != nil {
			t.Errorf("count %v, timer %v", n, o.timer)
		}
		o.close()
	})
}

// TestOverdueAtOnce: many calls of a function that return at the same time make
// one line.
func TestOverdueAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, log := newOverdue()
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() {
				returned := o.watch("f", "r")
				<-time.After(5 * time.Second)
				returned()
			})
		}
		calls.Wait()
		lines(t, log,
			`at=1s level=WARN msg="function ignores the end of its context" function=f calls=100 request=r for=1s`,
			`at=5s level=INFO msg="function returned after its context had ended" function=f calls=100 request=r longest=5s`)
	})
}

// TestOverdueModel: at any time those are counted whose context ended a second
// ago or more and that have not returned.
func TestOverdueModel(t *testing.T) {
	type call struct {
		function string
		since    time.Time
		returned func()
	}
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 100).Draw(r, "steps")
		synctest.Test(t, func(*testing.T) {
			o, _ := newOverdue()
			var calls []call
			for i, step := range steps {
				switch {
				case step < 2:
					name := fmt.Sprint("f", i%3)
					calls = append(calls, call{name, time.Now(), o.watch(name, "r")})
				case step < 3 && len(calls) > 0:
					n := i % len(calls)
					calls[n].returned()
					calls = append(calls[:n], calls[n+1:]...)
				default:
					pass(time.Duration(step) * 300 * time.Millisecond)
				}
				var want map[string]int
				for _, c := range calls {
					if time.Since(c.since) >= time.Second {
						if want == nil {
							want = make(map[string]int)
						}
						want[c.function]++
					}
				}
				if diff := cmp.Diff(want, o.count()); diff != "" {
					r.Fatalf("after step %d (-want +got):\n%s", i, diff)
				}
			}
			for _, c := range calls {
				c.returned()
			}
			pass(2 * time.Minute)
			if o.timer != nil || len(o.functions) != 0 {
				r.Fatalf("something is left: %v", o.functions)
			}
		})
	})
}
