package mpreg

import (
	"log/slog"
	"sync"
	"time"
)

const (
	// overdueAfter is how long a function may go on when nobody waits for it any
	// more: what heeds its context has ended by then.
	overdueAfter = time.Second

	// overdueAgain is how often the log is told of the same function.
	overdueAgain = time.Minute
)

// overdue knows of the calls whose context has ended and whose function still
// runs. It costs calls nothing that end before their context does. The zero
// value is ready but for its log. It is safe for concurrent use.
type overdue struct {
	log *slog.Logger

	mu        sync.Mutex
	functions map[string]*overdueFunction
	timer     *time.Timer // looks at them every overdueAfter; nil while there are none
	closed    bool
}

// overdueFunction is a function that has, or had lately, calls that are overdue
// or may become so.
type overdueFunction struct {
	calls  map[*overdueCall]struct{}
	warned time.Time // when the log was told last; zero if it was not

	told    bool          // the log is to hear when the last has returned
	late    int           // calls that were overdue and have returned
	longest time.Duration // that one of them took
}

// overdueCall is a call whose context has ended.
type overdueCall struct {
	function string
	request  string
	since    time.Time // when its context ended
}

// watch notes that the context of a call has ended, whose function still runs.
// The function that it returns is to be called once, when that has returned.
func (o *overdue) watch(function, request string) (returned func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return func() {}
	}
	if o.functions == nil {
		o.functions = make(map[string]*overdueFunction)
	}
	f := o.functions[function]
	if f == nil {
		f = &overdueFunction{calls: make(map[*overdueCall]struct{})}
		o.functions[function] = f
	}
	call := &overdueCall{function, request, time.Now()}
	f.calls[call] = struct{}{}
	if o.timer == nil {
		o.timer = time.AfterFunc(overdueAfter, o.look)
	}
	return func() { o.returned(call) }
}

// returned takes a call out. The log hears of the last of those that it was told
// of: a thousand calls of one function are not worth a thousand lines.
func (o *overdue) returned(call *overdueCall) {
	took := time.Since(call.since)
	o.mu.Lock()
	f := o.functions[call.function]
	if f == nil { // closed
		o.mu.Unlock()
		return
	}
	delete(f.calls, call)
	if took >= overdueAfter {
		f.late++
		f.longest = max(f.longest, took)
	}
	if len(f.calls) > 0 {
		o.mu.Unlock()
		return
	}
	tell, late, longest := f.told, f.late, f.longest
	f.told, f.late, f.longest = false, 0, 0
	o.mu.Unlock()
	if tell {
		o.log.Info("function returned after its context had ended", "function", call.function, "calls", late,
			"request", call.request, "longest", longest)
	}
}

// look tells the log of what is overdue, and comes again as long as there is
// anything to look at.
func (o *overdue) look() {
	o.mu.Lock()
	now := time.Now()
	var lines []func()
	for name, f := range o.functions {
		n, oldest := f.overdue(now)
		switch {
		case n > 0 && now.Sub(f.warned) >= overdueAgain:
			f.warned, f.told = now, true
			lines = append(lines, func() {
				o.log.Warn("function ignores the end of its context", "function", name, "calls", n,
					"request", oldest.request, "for", now.Sub(oldest.since))
			})
		case len(f.calls) == 0 && now.Sub(f.warned) >= overdueAgain:
			delete(o.functions, name)
		}
	}
	if len(o.functions) == 0 || o.closed {
		o.timer = nil
	} else {
		o.timer.Reset(overdueAfter)
	}
	o.mu.Unlock()
	for _, line := range lines {
		line()
	}
}

// overdue counts the calls of a function that are overdue, and returns the one
// that is so for longest.
func (f *overdueFunction) overdue(now time.Time) (n int, oldest *overdueCall) {
	for call := range f.calls {
		if now.Sub(call.since) < overdueAfter {
			continue
		}
		n++
		if oldest == nil || call.since.Before(oldest.since) {
			oldest = call
		}
	}
	return n, oldest
}

// count returns how many calls are overdue, by function; nil if none is.
func (o *overdue) count() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	var counts map[string]int
	for name, f := range o.functions {
		n, _ := f.overdue(now)
		if n == 0 {
			continue
		}
		if counts == nil {
			counts = make(map[string]int)
		}
		counts[name] = n
	}
	return counts
}

// close forgets all calls: nobody is to hear of a node that has stopped.
func (o *overdue) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.functions = nil
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
}

// abandoned is called when the caller was told that the context has ended, and
// functions still run: one that ignores it is reported.
func (e *execution) abandoned() {
	if latest := e.latestStarted(); latest >= 0 {
		e.ignoring(latest)
	}
}

// ignoring is abandoned for a command that still runs.
func (e *execution) ignoring(index int) {
	returned := e.node.ignored.watch(e.request.Commands[index].Function, e.request.U)
	e.mu.Lock()
	watched := e.ended || e.returned != nil
	if !watched {
		e.returned = returned
	}
	e.mu.Unlock()
	if watched { // or nothing runs any more
		returned()
	}
}

// rest is called when nothing of the request runs any more.
func (e *execution) rest() {
	e.mu.Lock()
	e.ended = true
	returned := e.returned
	e.mu.Unlock()
	if returned != nil {
		returned()
	}
}
