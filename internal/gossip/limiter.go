package gossip

import "time"

// A limiter lets burst through at once, and then one in each interval: enough for
// all comparisons that help, and no more work than that for who asks without end.
type limiter struct{ full time.Duration } // when the whole burst is there again

const (
	limiterBurst    = 4
	limiterInterval = 200 * time.Millisecond
)

func (l *limiter) allow(now time.Duration) bool {
	full := max(l.full, now)
	if full-now > (limiterBurst-1)*limiterInterval {
		return false
	}
	l.full = full + limiterInterval
	return true
}
