package mpreg

import "context"

// The end of a request's context is answered when it happens, while commands still start
// and wait. An answer that says that nothing has run must stay true: so who tells that and
// who starts a command settle by an atomic which of them was first.

// nothingMore is what latest becomes when somebody was told that nothing has started:
// nothing does any more.
const nothingMore = -1

// waitsNoMore is what missing becomes when somebody was told that a command did not
// start because it waits: none of those that wait does any more.
var waitsNoMore = new(Error)

// starts notes that a command starts, and reports whether it may.
func (e *execution) starts(index int) bool {
	for {
		latest := e.latest.Load()
		if latest == nothingMore {
			return false
		}
		if e.latest.CompareAndSwap(latest, int64(index)+1) {
			return true
		}
	}
}

// waits notes what a command waits for, until goesOn is called with the same. Both
// report whether it may go on.
func (e *execution) waits(missing *Error) bool {
	for {
		before := e.missing.Load()
		if before == waitsNoMore {
			return false
		}
		if e.missing.CompareAndSwap(before, missing) {
			return true
		}
	}
}

func (e *execution) goesOn(missing *Error) bool {
	return e.missing.CompareAndSwap(missing, nil) || e.missing.Load() != waitsNoMore
}

// latestStarted returns the command that started last, or a negative number.
func (e *execution) latestStarted() int { return int(e.latest.Load()) - 1 }

// interrupted is the error of a request whose context ended before it did,
// about the command that started last.
func (e *execution) interrupted(ctx context.Context) *Error {
	if e.latest.CompareAndSwap(0, nothingMore) || e.latest.Load() == nothingMore {
		return endError(ctx, ExecutedNo).at("", "", e.node.Name())
	}
	if missing := e.missing.Load(); missing != nil && e.missing.CompareAndSwap(missing, waitsNoMore) {
		return waitError(ctx, missing).at("", "", e.node.Name())
	}
	cmd := &e.request.Commands[e.latestStarted()]
	executed := ExecutedMaybe
	if e.items.Load() > 0 {
		executed = ExecutedYes
	}
	return endError(ctx, executed).at(cmd.Name, cmd.Function, e.node.Name())
}
