package mpreg_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// journal is a logger's handler that keeps the lines that a person should see:
// warnings and errors.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
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

func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }
func (j *journal) WithGroup(string) slog.Handler      { return j }

func (j *journal) logger() *slog.Logger { return slog.New(j) }

// take returns the lines, and begins anew.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

// brief fails the test if there are more than so many lines since the last time.
func (j *journal) brief(t testing.TB, most int) {
	t.Helper()
	if lines := j.take(); len(lines) > most {
		t.Errorf("%d lines in the log, want at most %d:\n%s", len(lines), most, strings.Join(lines, "\n"))
	}
}
