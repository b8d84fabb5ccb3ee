package mpreg

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"strings"
	"time"
)

// maxSaid bounds what is remembered to have been logged, and saidAgain is after
// how long it is logged again.
const (
	maxSaid   = 1024
	saidAgain = time.Hour
)

// once reports whether it is called with this text for the first time in an hour:
// what goes wrong again and again is worth one line, and then debug lines.
func (c *cluster) once(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.onceLocked(text)
}

func (c *cluster) onceLocked(text string) bool {
	text = clip(text)
	if len(c.said) >= maxSaid {
		maps.DeleteFunc(c.said, func(_ string, when time.Time) bool { return time.Since(when) > saidAgain })
	}
	if when, ok := c.said[text]; ok && time.Since(when) <= saidAgain || !ok && len(c.said) >= maxSaid {
		return false
	}
	if c.said == nil {
		c.said = make(map[string]time.Time)
	}
	c.said[text] = time.Now()
	return true
}

// warn logs what strangers can bring about as often as they like: as a warning once an
// hour for each address that it comes from, and for debugging beyond that.
func (s *Server) warn(log *slog.Logger, addr, msg string, args ...any) {
	host, _, _ := net.SplitHostPort(addr)
	level := slog.LevelDebug
	if s.cluster.once(msg + " " + host) {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, msg, args...)
}

// clip bounds a text of a stranger that is logged or kept.
func clip(text string) string {
	const most = 256
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(strings.Clone(text[:most]), "")
}
