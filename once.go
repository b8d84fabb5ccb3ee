package mpreg

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"strings"
	"sync"
	"time"
)

// Bounds of what is remembered to have been logged.
const (
	maxSaid   = 1024        // texts of each kind
	saidAgain = time.Hour   // after which one is logged again
	saidSweep = time.Minute // at most so often are those of an hour ago looked for
)

// said remembers what was logged: what goes wrong again and again is worth one line
// an hour, and then debug lines. Its zero value has nothing in it. It is safe for
// concurrent use.
type said struct {
	mu     sync.Mutex
	ours   saidTexts // of what this node does
	theirs saidTexts // of what strangers can bring about: they must not use up the others' room
}

type saidTexts struct {
	when  map[string]time.Time
	swept time.Time
}

// once reports whether a text is said for the first time in an hour.
func (s *said) once(text string) bool { return s.first(&s.ours, text) }

// onceOf is once for what strangers can bring about, with a text that may be theirs.
func (s *said) onceOf(text string) bool { return s.first(&s.theirs, text) }

func (s *said) first(texts *saidTexts, text string) bool {
	text = clip(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.ours.has(text, now) || s.theirs.has(text, now) {
		return false
	}
	return texts.add(text, now)
}

func (t *saidTexts) has(text string, now time.Time) bool {
	when, ok := t.when[text]
	return ok && now.Sub(when) <= saidAgain
}

// add reports whether the text may be said. Beyond maxSaid all count as one: a line
// an hour tells that there are others.
func (t *saidTexts) add(text string, now time.Time) bool {
	const others = ""
	if len(t.when) >= maxSaid && now.Sub(t.swept) >= saidSweep {
		t.swept = now
		maps.DeleteFunc(t.when, func(_ string, when time.Time) bool { return now.Sub(when) > saidAgain })
	}
	if _, ok := t.when[text]; !ok && len(t.when) >= maxSaid {
		if text = others; t.has(text, now) {
			return false
		}
	}
	if t.when == nil {
		t.when = make(map[string]time.Time)
	}
	t.when[text] = now
	return true
}

// warn logs what strangers can bring about as often as they like: as a warning once an
// hour for each address that it comes from, and for debugging beyond that.
func (s *Server) warn(log *slog.Logger, addr, msg string, args ...any) {
	level := slog.LevelDebug
	if s.said.onceOf(msg + " " + hostOf(addr)) {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, msg, args...)
}

// hostOf returns an address without its port.
func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// clip bounds a text of a stranger that is logged or kept.
func clip(text string) string {
	const most = 256
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(strings.Clone(text[:most]), "")
}
