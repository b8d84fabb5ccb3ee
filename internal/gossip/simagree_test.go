package gossip_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// stampOf returns the stamp that a member's state amounts to.
func stampOf(m gossip.Member) wire.Stamp {
	s := wire.Stamp{Incarnation: m.Incarnation, Version: m.Version}
	switch m.State {
	case gossip.Dead:
		s.State = wire.Dead
	case gossip.Left:
		s.State = wire.Left
	}
	return s
}

// converged reports whether each of these processes knows exactly them, with the
// stamps that they give themselves, and with bodies also what each of them offers.
// Where it found a difference it looks first the next time.
func (o *oracle) converged(who []*process, bodies bool) bool {
	for i := range who {
		i = (i + o.badAt) % len(who)
		if why := o.differs(who[i], who, bodies); why != "" {
			o.badAt = i
			return false
		}
	}
	return true
}

// differs says what is wrong with one process's view, or nothing.
func (o *oracle) differs(p *process, who []*process, bodies bool) string {
	if !p.alive || p.frozen {
		return "does not run"
	}
	if n := p.machine.Stats().Live; n != len(who) {
		return fmt.Sprintf("holds %d nodes for live, not %d", n, len(who))
	}
	for _, q := range who {
		if why := p.wrongAbout(q, bodies); why != "" {
			return fmt.Sprintf("of %v: %s", q, why)
		}
	}
	return ""
}

// wrongAbout says what p has wrong about q, or nothing.
func (p *process) wrongAbout(q *process, bodies bool) string {
	m, known := p.machine.Member(q.id)
	own, _ := q.machine.Member(q.id)
	switch {
	case !known:
		return "unknown"
	case m.State != gossip.Alive:
		return fmt.Sprintf("%v since %v ago (%v; its own word %v)", m.State, p.clock()-m.Since, stampOf(m), stampOf(own))
	case stampOf(m) != stampOf(own) || m.Body != own.Body:
		return fmt.Sprintf("%v body %d, not %v body %d", stampOf(m), m.Body, stampOf(own), own.Body)
	case !slices.Equal(m.URLs, q.host.urls):
		return fmt.Sprintf("URLs %v", m.URLs)
	}
	if !bodies || p == q {
		return ""
	}
	if m.BodyVersion != own.Body {
		return fmt.Sprintf("has body %d of %d", m.BodyVersion, own.Body)
	}
	life, content, err := contentOf(m.Parts)
	if err != nil {
		return err.Error()
	}
	if life != q.life || content != q.content {
		return fmt.Sprintf("has content %d of life %d, not %d of life %d", content, life, q.content, q.life)
	}
	return ""
}

// report describes who differs from what, for a failure.
func (o *oracle) report(who []*process) string {
	var b strings.Builder
	ids := make(map[string]bool, len(who))
	for _, q := range who {
		ids[q.id] = true
	}
	shown := 0
	for _, p := range who {
		why := o.differs(p, who, true)
		if why == "" {
			continue
		}
		if shown++; shown > 8 {
			b.WriteString("\n\t…")
			break
		}
		fmt.Fprintf(&b, "\n\t%v (urls %v, %d links): %s", p, p.host.urls, len(p.links), why)
		for _, id := range p.machine.Members() {
			if m, _ := p.machine.Member(id); !ids[id] && (m.State == gossip.Alive || m.State == gossip.Suspect) {
				fmt.Fprintf(&b, "; holds %.8s for %v, which is gone", id, m.State)
			}
		}
		for _, q := range who {
			if why := p.wrongAbout(q, true); why != "" {
				fmt.Fprintf(&b, "; %v (linked %t): %s", q, p.links[q.id] != nil, why)
			}
		}
		fmt.Fprintf(&b, "; %+v", p.machine.Stats())
	}
	return b.String()
}

// bounds checks that machines whose cluster is at peace hold nothing but the
// members, and no more links than the rings need. Who waits 3 s for its turn now and
// then is suspected now and then.
func (o *oracle) bounds(who []*process) {
	hidden := 0
	for _, p := range who {
		if len(p.host.urls) == 0 {
			hidden++
		}
	}
	for _, p := range who {
		s := p.machine.Stats()
		if s.Live != len(who) || s.Suspects != 0 && o.w.wire.loss == 0 && o.w.load == 0 || s.Pulling != 0 {
			o.fail("%v at peace: %+v", p, s)
		}
		if s.Members > len(who)+s.Tombstones || s.Members > o.w.lives {
			o.fail("%v holds %d records of %d nodes that ever were", p, s.Members, o.w.lives)
		}
		if s.Early > 256 {
			o.fail("%v keeps %d early reports", p, s.Early)
		}
		// Above the full mesh: two neighbours on each of four rings, who has this
		// one for a neighbour because a nearer one can't be reached, and the hidden.
		if most := 16 + 8 + hidden; len(p.links) > most {
			o.fail("%v has %d links in a cluster of %d", p, len(p.links), len(who))
		}
	}
}
