package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tally counts what happened, in one scenario or in all.
type tally struct {
	scenarios, calls, commands int
	ok                         int
	codes                      map[string]int // failed calls, by code and executed
	faults                     map[string]int
	repeated                   int            // executions of idempotent functions beyond the first
	wrong                      map[string]int // by kind
}

// sum adds another tally.
func (t *tally) sum(o tally) {
	t.scenarios += o.scenarios
	t.calls += o.calls
	t.commands += o.commands
	t.ok += o.ok
	t.repeated += o.repeated
	addAll(&t.wrong, o.wrong)
	addAll(&t.codes, o.codes)
	addAll(&t.faults, o.faults)
}

func addAll(to *map[string]int, counts map[string]int) {
	if *to == nil {
		*to = make(map[string]int)
	}
	for key, n := range counts {
		(*to)[key] += n
	}
}

// ended counts a call that has ended.
func (t *tally) ended(c *call) {
	t.calls++
	if c.err == nil {
		t.ok++
		return
	}
	addAll(&t.codes, map[string]int{c.err.Code.String() + "/" + c.err.Executed.String(): 1})
}

func (t *tally) String() string {
	return fmt.Sprintf("scenarios %d; calls %d, ok %d; failed: %s; faults: %s; functions ran %d times, again because a result was lost %d; %s",
		t.scenarios, t.calls, t.ok, list(t.codes), list(t.faults), t.commands, t.repeated, t.verdict())
}

// verdict says how often something was wrong, of each kind.
func (t *tally) verdict() string {
	kinds := []string{wrongResult, twice, late, untrue, groundless, leak}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%s %d", kind, t.wrong[kind])
	}
	return strings.Join(kinds, ", ")
}

func list(counts map[string]int) string {
	parts := make([]string, 0, len(counts))
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", key, counts[key]))
	}
	return strings.Join(parts, ", ")
}
