package mpreg

import (
	"context"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// The reports on an execution: what observers are told while it runs, and what
// its caller asked to know besides the results.

// times is when a request and each of its commands ran.
type times struct {
	start    time.Time
	commands []span
}

// span is the time in which a command ran.
type span struct{ start, end time.Time }

// observeStart notes when the execution starts, if somebody wants to know.
func (e *execution) observeStart(ctx context.Context) {
	if e.times == nil {
		return
	}
	e.times.start = time.Now()
	e.observe(ctx, Event{Kind: RequestStarted, Time: e.times.start})
}

func (e *execution) observeEnd(ctx context.Context, failure *Error) {
	if len(e.node.options.observers) == 0 {
		return
	}
	event := Event{Kind: RequestEnded, Time: time.Now(), Duration: time.Since(e.times.start)}
	if failure != nil {
		event.Err = failure
	}
	e.observe(ctx, event)
}

// began tells that a command is about to run at a node, the first time.
func (e *execution) began(ctx context.Context, o *outcome, node string) {
	if o.told {
		return
	}
	o.told, o.node = true, node
	cmd := &e.request.Commands[o.index]
	e.observe(ctx, Event{Kind: CommandStarted, Command: cmd.Name, Function: cmd.Function, NodeID: node, Time: e.times.commands[o.index].start})
}

// observeEnded tells that a command has ended.
func (e *execution) observeEnded(ctx context.Context, o *outcome) {
	cmd, s := &e.request.Commands[o.index], e.times.commands[o.index]
	event := Event{
		Kind: CommandFinished, Command: cmd.Name, Function: cmd.Function, NodeID: o.node, Time: s.end, Duration: s.end.Sub(s.start),
	}
	if o.err != nil {
		event.Kind, event.Err = CommandFailed, o.err
	} else if lease := wire.LeaseOf(o.value); lease != nil {
		event.Bytes = int(lease.Size)
	} else {
		event.Bytes = len(o.value.Bytes())
	}
	e.observe(ctx, event)
}

func (e *execution) observe(ctx context.Context, event Event) {
	event.Request, event.Peer, event.Node = e.request.U, e.origin.peer, e.node.Name()
	for _, observer := range e.node.options.observers {
		observer(ctx, event)
	}
	if e.request.Events && event.Command != "" {
		e.asker.event(e.wireEvent(&event))
	}
}

// wireEvent returns what the caller gets to know of a step.
func (e *execution) wireEvent(event *Event) *wire.Event {
	w := &wire.Event{
		Name: event.Command, Function: event.Function, What: string(event.Kind), Node: event.NodeID,
		AtMS: milliseconds(event.Time.Sub(e.times.start)), DurationMS: milliseconds(event.Duration), Bytes: int64(event.Bytes),
	}
	if event.Err != nil {
		w.Error = asError(event.Err).toWire()
	}
	return w
}

// levelSpans returns from when to when something of each level ran.
func (e *execution) levelSpans() []span {
	levels := make([]span, e.plan.Levels)
	for i, s := range e.times.commands {
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
		levels[step.Level].Results[e.request.Commands[i].Name] = e.result(i)
	}
	return levels
}

// summary returns how long the levels took, and which of them longest.
func (e *execution) summary() *wire.Summary {
	s := &wire.Summary{
		RequestID:                e.request.U,
		TotalExecutionTimeMS:     milliseconds(time.Since(e.times.start)),
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
	spans := slices.SortedFunc(slices.Values(e.times.commands), func(a, b span) int { return a.start.Compare(b.start) })
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
