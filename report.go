package mpreg

import (
	"context"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// The reports on an execution: what observers are told while it runs, and what
// its caller asked to know besides the results.

// observeStart returns when the execution starts, the zero time if nobody
// wants to know.
func (e *execution) observeStart(ctx context.Context) time.Time {
	if e.spans == nil {
		return time.Time{}
	}
	start := time.Now()
	e.observe(ctx, Event{Kind: RequestStarted, Time: start})
	return start
}

func (e *execution) observeEnd(ctx context.Context, start time.Time, failure *Error) {
	if len(e.node.options.observers) == 0 {
		return
	}
	event := Event{Kind: RequestEnded, Time: time.Now(), Duration: time.Since(start)}
	if failure != nil {
		event.Err = failure
	}
	e.observe(ctx, event)
}

func (e *execution) observeCommand(ctx context.Context, kind EventKind, index int, o *outcome) {
	if len(e.node.options.observers) == 0 {
		return
	}
	cmd := &e.request.Commands[index]
	event := Event{Kind: kind, Command: cmd.Name, Function: cmd.Function, Time: e.spans[index].start}
	if kind != CommandStarted {
		event.Time = e.spans[index].end
		event.Duration = e.spans[index].end.Sub(e.spans[index].start)
	}
	if o.err != nil {
		event.Err = o.err
	} else if kind == CommandFinished {
		event.Bytes = len(o.value.Bytes())
	}
	e.observe(ctx, event)
}

func (e *execution) observe(ctx context.Context, event Event) {
	event.Request, event.Peer, event.Node = e.request.U, e.origin.peer, e.node.Name()
	for _, observer := range e.node.options.observers {
		observer(ctx, event)
	}
}

// levelSpans returns from when to when something of each level ran.
func (e *execution) levelSpans() []span {
	levels := make([]span, e.plan.Levels)
	for i, s := range e.spans {
		l := &levels[e.plan.Steps[i].Level]
		if l.start.IsZero() || s.start.Before(l.start) {
			l.start = s.start
		}
		if s.end.After(l.end) {
			l.end = s.end
		}
	}
	return levels
}

// levels returns the results level by level.
func (e *execution) levels() []wire.Level {
	spans := e.levelSpans()
	levels := make([]wire.Level, len(spans))
	for i, s := range spans {
		levels[i] = wire.Level{
			RequestID: e.request.U, Index: i, Results: wire.Results{},
			TotalLevels: len(spans), CompletedLevels: i + 1,
			Timestamp:       float64(s.end.UnixMicro()) / 1e6,
			ExecutionTimeMS: milliseconds(s.end.Sub(s.start)),
		}
	}
	for i, step := range e.plan.Steps {
		levels[step.Level].Results[e.request.Commands[i].Name] = e.results[i]
	}
	return levels
}

// summary returns how long the levels took, and which of them longest.
func (e *execution) summary(start time.Time) *wire.Summary {
	s := &wire.Summary{
		RequestID:                e.request.U,
		TotalExecutionTimeMS:     milliseconds(time.Since(start)),
		TotalLevels:              e.plan.Levels,
		ParallelCommandsExecuted: e.overlapping(),
		CrossClusterHops:         int(e.forwarded.Load()),
	}
	total := 0.0
	for i, l := range e.levelSpans() {
		ms := milliseconds(l.end.Sub(l.start))
		s.LevelExecutionTimes = append(s.LevelExecutionTimes, ms)
		total += ms
		if ms > s.LevelExecutionTimes[s.BottleneckLevelIndex] {
			s.BottleneckLevelIndex = i
		}
	}
	s.AverageLevelTimeMS = total / float64(e.plan.Levels)
	return s
}

// overlapping counts the commands that ran while another one did.
func (e *execution) overlapping() int {
	spans := slices.SortedFunc(slices.Values(e.spans), func(a, b span) int { return a.start.Compare(b.start) })
	count := 0
	var latest time.Time // the latest end of those before
	for i, s := range spans {
		if s.start.Before(latest) || i+1 < len(spans) && spans[i+1].start.Before(s.end) {
			count++
		}
		if s.end.After(latest) {
			latest = s.end
		}
	}
	return count
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
