package link

import (
	"fmt"
	"log/slog"
	"math"
	"time"
)

// Kind is the type of a message.
type Kind uint8

// The kinds: websocket messages, and on a framed link frames. The bytes of a Text
// message are not checked to be UTF-8: who parses them does that.
const (
	Text   Kind = 1
	Binary Kind = 2

	// Frame is one that came in one piece.
	Frame Kind = 3

	// LargeFrame is one that came in chunks.
	LargeFrame Kind = 4
)

// String returns "text", "binary", "frame" or "large frame".
func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Frame:
		return "frame"
	case LargeFrame:
		return "large frame"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Config bounds a link. Zero fields mean the defaults below, negative ones no
// bound; the zero Config is good for production.
type Config struct {
	// MaxMessage bounds a received message, or frame, in bytes after decompression;
	// 64 MiB. Larger ones are discarded, and beyond 4 × MaxMessage the link is
	// closed. Frames that have arrived in part take 2 × MaxMessage at most.
	MaxMessage int64

	// Untrusted is MaxMessage until Trust is called, for a peer of which nothing is
	// known yet; 0: there is no difference.
	Untrusted int64

	// QueueBytes bounds what waits to be written, in bytes, each message
	// counted with a small overhead; 16 MiB. An empty queue takes one message of any
	// size. TrySend may fill it to twice as much. On a framed link large frames
	// have a queue of their own with this bound.
	QueueBytes int

	// Pending, if not nil, tells how many calls are under way on the link: from 3 on
	// a sender lets others run before it writes, so that their messages go out with
	// its own. It is called while sending, and must not block nor call the link.
	Pending func() int

	// WriteTimeout ends a link that could not write 1 MiB, or what there
	// was, within it; 10 s.
	WriteTimeout time.Duration

	// PingInterval is how long the peer may be silent before it is pinged; 15 s.
	// Negative: no keepalive.
	PingInterval time.Duration

	// PingTimeout is how long the peer may take to answer; 10 s.
	PingTimeout time.Duration

	// Compression offers and accepts permessage-deflate. Off by default: it
	// costs more time than fast networks save, and most of a MiB of memory
	// while a message is compressed. Messages under 1 KiB never are.
	Compression bool

	// Framed is the subprotocol under which the link carries frames, see
	// [Link.Framed]; empty: it never does. It goes before Subprotocols.
	Framed string

	// SendBuffer is what the socket of a framed link may hold to be sent, in bytes;
	// 128 KiB. Of what has come it may hold twice as much. Small frames wait behind
	// that much bulk, and bulk gets no further than about that much in a round trip: raise
	// it for few large transfers between continents, at both ends. Negative: as the
	// system likes.
	SendBuffer int

	// Subprotocols are offered by Dial in this order. Accept chooses the first of
	// them that the peer offers, and otherwise whatever the peer offers
	// first.
	Subprotocols []string

	// Logger gets the end of the link, at debug level. Nil: nothing is logged.
	Logger *slog.Logger
}

// most stands for no bound, and for what is larger: an eighth of what the type holds,
// so that the small multiples that are computed from bounds do not overflow.
const most = math.MaxInt64 / 8

func (c Config) withDefaults() Config {
	c.MaxMessage = min(orDefault(c.MaxMessage, 64<<20, most), most)
	c.QueueBytes = min(orDefault(c.QueueBytes, 16<<20, math.MaxInt/8), math.MaxInt/8)
	c.SendBuffer = orDefault(c.SendBuffer, 128<<10, 0)
	c.WriteTimeout = orDefault(c.WriteTimeout, 10*time.Second, -1)
	c.PingInterval = orDefault(c.PingInterval, 15*time.Second, -1)
	c.PingTimeout = min(orDefault(c.PingTimeout, 10*time.Second, most), most)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// protocols returns the subprotocols in order of preference.
func (c Config) protocols() []string {
	if c.Framed == "" {
		return c.Subprotocols
	}
	return append([]string{c.Framed}, c.Subprotocols...)
}

// dialBuffer and acceptBuffer return the size of the websocket's write buffer.
func (c Config) dialBuffer() int {
	if c.Framed != "" {
		return framedDialBuffer
	}
	return frameBuffer
}

func (c Config) acceptBuffer(protocol string) int {
	if c.Framed != "" && protocol == c.Framed {
		return framedAcceptBuffer
	}
	return frameBuffer
}

// orDefault resolves a bound.
func orDefault[T ~int | ~int64](v, byDefault, none T) T {
	switch {
	case v == 0:
		return byDefault
	case v < 0:
		return none
	}
	return v
}
