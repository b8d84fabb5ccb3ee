package chaos_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// The kinds of what can be wrong.
const (
	wrongResult = "wrong results"
	twice       = "double executions"
	late        = "overdue"
	untrue      = "untrue errors"     // that say wrongly whether their command was executed
	groundless  = "groundless errors" // that what happened does not explain
	leak        = "leaks"
)

// complaint is one thing that is wrong.
type complaint struct{ kind, text string }

// wrong notes what is wrong with a call.
func (c *call) wrong(kind, format string, args ...any) {
	c.bad = append(c.bad, complaint{kind, fmt.Sprintf(format, args...)})
}

// complaints says what is wrong with the call, and counts it by kinds.
func (c *call) complaints(counts map[string]int) string {
	var b strings.Builder
	for _, what := range c.bad {
		counts[what.kind]++
		fmt.Fprintf(&b, "\n  %s", what.text)
	}
	return b.String()
}

// answerTime is how long before its deadline a call may stop to wait for a route: its
// caller is then told what was missing.
const answerTime = 20 * time.Millisecond

// judge looks at an error. end is when the caller gave the call up.
func (c *call) judge(end time.Duration) {
	early := c.took < end-overdue
	if c.options.wait {
		early = c.took < end-answerTime-overdue
	}
	if c.items > 0 && c.err.Executed != mpreg.ExecutedYes {
		c.wrong(untrue, "%d items had come", c.items)
	}
	switch code := c.err.Code; code {
	case mpreg.Unavailable, mpreg.ResourceExhausted:
	case mpreg.NotFound:
		passedOn := c.err.Details["cause"] != nil                                                // of a call that the function had made
		if c.err.Executed != mpreg.ExecutedNo && !passedOn && c.err.Details["attempts"] == nil { // else one before may have
			c.wrong(untrue, "nobody has the function, and yet it may have run")
		}
		if c.options.wait && !passedOn {
			c.wrong(groundless, "it did not wait for a route")
		}
	case mpreg.DeadlineExceeded:
		if early || c.cancel > 0 && c.cancel < c.timeout {
			c.wrong(groundless, "its deadline had not passed")
		}
	case mpreg.Canceled:
		if early || c.cancel == 0 {
			c.wrong(groundless, "nobody had given it up")
		}
	case ownCode:
		if !c.graph.fails() || c.err.Executed != mpreg.ExecutedYes {
			c.wrong(groundless, "no function failed like this")
		}
	default:
		c.wrong(groundless, "an error that has no reason")
	}
}

// ceased looks at what still runs a moment after the call has ended: only what does
// not heed its context may.
func (c *call) ceased(l *ledger) {
	for i := range c.graph.commands {
		w := &c.graph.commands[i].work
		for _, key := range []string{w.Key, w.inner().Key} {
			if !w.Stubborn && l.runs(key) {
				c.wrong(leak, "%v later %s still runs", promptly, key)
			}
		}
	}
}

// audit holds what is in the ledger against what the caller was told. It is for
// when nothing runs any more.
func (c *call) audit(l *ledger) (repeated int) {
	for i := range c.graph.commands {
		cmd := &c.graph.commands[i]
		if cmd.function == nil {
			continue
		}
		starts := l.starts(cmd.work.Key)
		n, name := len(starts), commandName(i)
		if c.graph.shape == "stream" {
			name = cmd.function.name
		}
		told := c.err != nil && (c.err.Command == name || c.err.Command == "")
		switch {
		case n > 1 && !cmd.function.idempotent && !c.options.idempotent:
			c.wrong(twice, "%s is not idempotent, and ran %d times: at %q", name, n, starts)
		case n == 0 && c.err == nil:
			c.wrong(wrongResult, "%s did not run", name)
		case n > 0 && told && c.err.Executed == mpreg.ExecutedNo:
			c.wrong(untrue, "%s ran %d times, at %q, and the error says that it did not", name, n, starts)
		case n == 0 && told && c.err.Command != "" && c.err.Executed == mpreg.ExecutedYes:
			c.wrong(untrue, "%s did not run, and the error says that it did", name)
		}
		repeated += max(0, n-1)
		if cmd.inner == nil {
			continue
		}
		inner := l.starts(cmd.work.inner().Key)
		switch k := len(inner); {
		case k > n && !cmd.inner.idempotent:
			c.wrong(twice, "what %s calls is not idempotent, and ran %d times: at %q", name, k, inner)
		case k == 0 && c.err == nil:
			c.wrong(wrongResult, "what %s calls did not run", name)
		}
	}
	return repeated
}
