package gossip_test

import (
	"fmt"
	"strings"

	"github.com/mpreg/mpreg/internal/wire"
)

// kind is what a message is counted as: the first of these that it has.
type kind int

const (
	kindHello kind = iota
	kindBody
	kindRepair
	kindRecord
	kindReport
	kindPull
	kindTick
	kinds
)

var kindNames = [kinds]string{"hello", "body", "repair", "record", "report", "pull", "tick"}

func kindOf(g *wire.Gossip) kind {
	switch {
	case len(g.Bodies) > 0:
		return kindBody
	case g.Buckets != nil || g.Digest != nil || len(g.Wanted) > 0:
		return kindRepair
	case len(g.Records) > 0:
		return kindRecord
	case len(g.Reports) > 0:
		return kindReport
	case len(g.Pulls) > 0 || len(g.Lacking) > 0:
		return kindPull
	}
	return kindTick
}

// onWebsocket is what a frame takes as a message of its own: its length before
// it, a header of 2, 4 or 10 bytes, and 4 of mask where the dialing end sends.
func onWebsocket(frame int, masked bool) int {
	n := frame + 1
	for l := frame; l >= 0x80; l >>= 7 {
		n++
	}
	switch {
	case n < 126:
		n += 2
	case n < 1<<16:
		n += 4
	default:
		n += 10
	}
	if masked {
		n += 4
	}
	return n
}

func (n *network) count(k kind, bytes int) {
	n.bytes[k] += int64(bytes)
	n.frames[k]++
}

// resetCounts begins to count anew.
func (n *network) resetCounts() {
	n.bytes, n.frames, n.dials = [kinds]int64{}, [kinds]int64{}, 0
	n.w.oracle.deaths = 0
}

// total returns the bytes of all messages.
func (n *network) total() (sum int64) {
	for _, b := range n.bytes {
		sum += b
	}
	return sum
}

// counts returns a line about what was sent.
func (n *network) counts() string {
	var b strings.Builder
	for k, name := range kindNames {
		if n.frames[k] > 0 {
			fmt.Fprintf(&b, "%s %.2f MB in %d, ", name, float64(n.bytes[k])/1e6, n.frames[k])
		}
	}
	fmt.Fprintf(&b, "%d dials, %d deaths", n.dials, n.w.oracle.deaths)
	return b.String()
}
