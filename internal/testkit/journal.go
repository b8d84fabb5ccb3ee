package testkit

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// Journal is a logger's handler that keeps the lines that a person should see:
// warnings and errors. Its zero value is ready; any number of goroutines may use it.
type Journal struct {
	All bool // keep what is of no concern to a person too

	mu    sync.Mutex
	lines []string
}

// Enabled leaves out what is below a warning.
func (j *Journal) Enabled(_ context.Context, level slog.Level) bool {
	return j.All || level >= slog.LevelWarn
}

// Handle keeps a line: its level, its message, its attributes.
func (j *Journal) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Level.String() + " " + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(" " + a.String())
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, b.String())
	return nil
}

// WithAttrs leaves the attributes out: they say which node it is.
func (j *Journal) WithAttrs([]slog.Attr) slog.Handler { return j }

// WithGroup leaves the group out.
func (j *Journal) WithGroup(string) slog.Handler { return j }

// Logger returns a logger that writes to the journal.
func (j *Journal) Logger() *slog.Logger { return slog.New(j) }

// Take returns the lines, and begins anew.
func (j *Journal) Take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

// Brief fails the test if there are more than so many lines since the last time.
func (j *Journal) Brief(t testing.TB, most int) {
	t.Helper()
	if lines := j.Take(); len(lines) > most {
		t.Errorf("%d lines in the log, want at most %d:\n%s", len(lines), most, strings.Join(lines, "\n"))
	}
}
