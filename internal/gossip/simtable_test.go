package gossip_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSimScenarios lets one thing after the other happen to clusters of a few
// sizes, and holds the figures against what is promised. With -long the clusters
// have up to 1,000 nodes.
func TestSimScenarios(t *testing.T) {
	type size struct {
		nodes int
		mixed bool
	}
	sizes := []size{{10, false}, {60, false}, {30, true}}
	switch {
	case *nodesFlag > 0:
		sizes = []size{{*nodesFlag, *mixedFlag}}
	case *longFlag:
		sizes = []size{{10, false}, {30, false}, {100, false}, {100, true}, {300, false}, {1000, false}}
	}
	seed := max(*seedFlag, 1)
	table := make([]figures, len(sizes))
	t.Run("nodes", func(t *testing.T) {
		for i, n := range sizes {
			t.Run(fmt.Sprintf("%d,mixed=%t", n.nodes, n.mixed), func(t *testing.T) {
				if !*longFlag {
					t.Parallel()
				}
				s := newScenario(seed, n.nodes, n.mixed, t.Logf)
				if *eventsFlag {
					s.w.traces = t.Logf
				}
				table[i] = s.all()
				promised(t, table[i])
				if t.Failed() {
					t.Logf("to see it again: go test ./internal/gossip -run TestSimScenarios -seed %d -nodes %d -mixed=%t -v", seed, n.nodes, n.mixed)
				}
			})
		}
	})
	t.Logf("scenarios, seed %d:\n%s", seed, tableOf(table))
}

// promised compares figures with the targets. They are of virtual time: a slow
// machine does not change them.
func promised(t *testing.T, f figures) {
	t.Helper()
	for _, why := range f.failures {
		t.Error(why)
	}
	if len(f.failures) > 0 {
		return
	}
	for _, l := range []struct {
		what        string
		got, target time.Duration
	}{
		{"headers and bodies of a mass join", f.heads + f.bodies, 6 * sec},
		{"a small change", f.change, 100 * ms},
		{"a crash", f.crash, 200 * ms},
		{"a frozen host", f.freeze, 8500 * ms},
		{"a leave", f.leave, 100 * ms},
		{"a healed partition", f.heal, 3 * sec},
	} {
		if l.got > l.target {
			t.Errorf("%s took %v until all knew, and may take %v", l.what, l.got, l.target)
		}
	}
	if f.ideal > 1.5 {
		t.Errorf("a mass join took %.2f times the bytes of all catalogs, and may take 1.5", f.ideal)
	}
	if f.idle > 1000 {
		t.Errorf("an idle node sends %.0f B/s, and may send 1,000", f.idle)
	}
}

// tableOf shows figures side by side.
func tableOf(columns []figures) string {
	var b strings.Builder
	row := func(name string, cell func(figures) string) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, f := range columns {
			fmt.Fprintf(&b, " %s |", cell(f))
		}
		b.WriteByte('\n')
	}
	row("simulated, N =", func(f figures) string {
		if f.mixed {
			return fmt.Sprintf("%d mixed", f.nodes)
		}
		return fmt.Sprint(f.nodes)
	})
	b.WriteString("|---|" + strings.Repeat("---|", len(columns)) + "\n")
	row("mass join: all headers + all bodies, s", func(f figures) string { return seconds(f.heads) + " + " + seconds(f.bodies) })
	row("bytes ÷ ideal", func(f figures) string { return fmt.Sprintf("%.2f", f.ideal) })
	row("idle B/s per node (frames/s)", func(f figures) string { return fmt.Sprintf("%.0f (%.1f)", f.idle, f.idleFrames) })
	row("small change · whole catalog known by all, ms", func(f figures) string { return millis(f.change) + " · " + millis(f.full) })
	row("crash known by all, ms", func(f figures) string { return millis(f.crash) })
	row("frozen host · power lost, s", func(f figures) string { return seconds(f.freeze) + " · " + seconds(f.powerOff) })
	row("leave, ms", func(f figures) string { return millis(f.leave) })
	row("those are back, s", func(f figures) string { return seconds(f.back) })
	row("deaths by stalls of 5 s and of 4 s in a fifth", func(f figures) string { return fmt.Sprint(f.stallDeaths) })
	row("50/50 split known · healed, s", func(f figures) string { return seconds(f.split) + " · " + seconds(f.heal) })
	row("island of three settled · healed, s", func(f figures) string { return unless(f.nodes > 300, seconds(f.island)+" · "+seconds(f.joins)) })
	row("30 % crash · 20 % lose power, s", func(f figures) string { return unless(f.nodes > 300, seconds(f.massCrash)+" · "+seconds(f.massOff)) })
	row("rolling restart settled after the last, s", func(f figures) string { return unless(f.nodes > 300, seconds(f.rolling)) })
	row("links per node: mean (most)", func(f figures) string { return fmt.Sprintf("%.1f (%d)", f.links, f.mostLinks) })
	row("heap with all catalogs once, the simulator's own included, MB", func(f figures) string { return fmt.Sprintf("%.0f", f.heap) })
	row("wrongly declared dead", func(f figures) string { return fmt.Sprint(f.wronged) })
	row("simulated · took", func(f figures) string { return fmt.Sprintf("%v · %v", f.simulated.Round(sec), f.ran.Round(sec/10)) })
	return b.String()
}

// unless returns what is shown of what was not measured, or was.
func unless(skipped bool, text string) string {
	if skipped {
		return "–"
	}
	return text
}

func seconds(d time.Duration) string {
	if d == never {
		return "never"
	}
	return fmt.Sprintf("%.1f", d.Seconds())
}

func millis(d time.Duration) string {
	if d == never {
		return "never"
	}
	return fmt.Sprint(d.Milliseconds())
}
