package chaos_test

import (
	"fmt"
	"slices"
	"sync"
)

// ledger is where functions note that they run. It is safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	started map[string][]string // the nodes where a command was started, by its key
	running map[string]int      // how often it runs now
}

func newLedger() *ledger {
	return &ledger{started: make(map[string][]string), running: make(map[string]int)}
}

// begin notes a start, and returns what notes its end.
func (l *ledger) begin(key, node string) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started[key] = append(l.started[key], node)
	l.running[key]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.running[key]--; l.running[key] == 0 {
			delete(l.running, key)
		}
	}
}

// starts returns where a command was started, each time.
func (l *ledger) starts(key string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.started[key])
}

// runs reports whether a command runs now.
func (l *ledger) runs(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running[key] > 0
}

// busy says which commands run now.
func (l *ledger) busy() (left []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, n := range l.running {
		left = append(left, fmt.Sprintf("%s runs %d times", key, n))
	}
	slices.Sort(left)
	return left
}

// total returns how many starts there were.
func (l *ledger) total() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, nodes := range l.started {
		n += len(nodes)
	}
	return n
}
