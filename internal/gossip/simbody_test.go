package gossip_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// change offers something else, and says how if delta is set.
func (p *process) change(delta bool) {
	p.content++
	text := ""
	if delta {
		text = fmt.Sprintf("delta %d %d ", p.life, p.content) + strings.Repeat("d", 40)
	}
	p.step(func(now time.Duration) { p.machine.Change(now, p.body(), text) })
}

// body is what the process offers. What matters of it is its first two numbers.
func (p *process) body() string {
	s := fmt.Sprintf("body %d %d ", p.life, p.content)
	return s + strings.Repeat("b", max(0, p.w.bodies-len(s)))
}

// contentOf returns which life's and which version of its content the parts of a
// body amount to: each delta must follow on what was before it.
func contentOf(parts []string) (life, content int, err error) {
	for i, part := range parts {
		kind, rest, _ := strings.Cut(part, " ")
		first, rest, _ := strings.Cut(rest, " ")
		second, _, _ := strings.Cut(rest, " ")
		l, err1 := strconv.Atoi(first)
		c, err2 := strconv.Atoi(second)
		switch {
		case err1 != nil || err2 != nil:
			return 0, 0, fmt.Errorf("part %d is %.40q", i, part)
		case i == 0 && kind == "body":
		case i > 0 && kind == "delta" && l == life && c == content+1:
		default:
			return 0, 0, fmt.Errorf("part %d is %.40q after content %d of life %d", i, part, content, life)
		}
		life, content = l, c
	}
	return life, content, nil
}

// copied returns a message that shares nothing with g that can change.
func copied(g *wire.Gossip) *wire.Gossip {
	c := *g
	if g.Tick != nil {
		t := *g.Tick
		c.Tick = &t
	}
	c.Records = slices.Clone(g.Records)
	for i := range c.Records {
		c.Records[i].URLs = slices.Clone(c.Records[i].URLs)
		c.Records[i].Deltas = slices.Clone(c.Records[i].Deltas)
	}
	c.Bodies = slices.Clone(g.Bodies)
	for i := range c.Bodies {
		c.Bodies[i].Parts = slices.Clone(c.Bodies[i].Parts)
	}
	c.Reports, c.Pulls, c.Lacking = slices.Clone(g.Reports), slices.Clone(g.Pulls), slices.Clone(g.Lacking)
	c.Buckets, c.Wanted = slices.Clone(g.Buckets), slices.Clone(g.Wanted)
	if g.Digest != nil {
		d := *g.Digest
		d.Entries = slices.Clone(d.Entries)
		c.Digest = &d
	}
	return &c
}

// joined returns the bytes of a frame.
func joined(f *wire.Frame) []byte {
	return slices.Concat(f.Parts(nil)...)
}
