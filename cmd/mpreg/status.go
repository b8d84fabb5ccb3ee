package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

type statusCommand struct{ listing }

// status is what mpreg.status tells; see member for why it has its own type.
type status struct {
	Node       string         `json:"node"`
	NodeID     string         `json:"node_id"`
	Cluster    string         `json:"cluster_id"`
	URL        string         `json:"url"`
	State      string         `json:"state"`
	Uptime     float64        `json:"uptime_seconds"`
	Links      int            `json:"links"`
	InFlight   int            `json:"in_flight"`
	Functions  int            `json:"functions"`
	Goroutines int            `json:"goroutines"`
	Ignoring   map[string]int `json:"ignoring"` // calls by function
	Leases     leases         `json:"leases"`
	Members    map[string]int `json:"members"` // how many by state
	Seeds      []seed         `json:"seeds"`
}

// leases are the results that the node keeps for commands elsewhere.
type leases struct {
	Count       int   `json:"count"`
	MemoryBytes int64 `json:"memory_bytes"`
	DiskBytes   int64 `json:"disk_bytes"`
}

// seed is a URL that the node was told to find its cluster by.
type seed struct {
	URL    string  `json:"url"`
	Node   string  `json:"node"`
	Error  string  `json:"error"`
	NextMS float64 `json:"next_attempt_ms"`
}

// Run prints a line a fact, and a table of the seeds.
func (c *statusCommand) Run(ctx context.Context, std stdio) error {
	if c.Output == "json" {
		return c.showJSON(ctx, std.out, "mpreg.status")
	}
	s, err := ask[status](ctx, &c.target, "mpreg.status")
	if err != nil {
		return err
	}
	if _, err := std.out.Write(s.text()); err != nil || len(s.Seeds) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(std.out); err != nil {
		return err
	}
	return s.seeds().write(std.out, c.Wide)
}

// text returns everything but the seeds.
func (s *status) text() []byte {
	var lines [][]string
	line := func(name, value string) {
		if value != "" {
			lines = append(lines, []string{name, printable(value)})
		}
	}
	line("node", s.Node)
	line("id", s.NodeID)
	line("cluster", s.Cluster)
	line("url", s.URL)
	line("state", s.State)
	line("uptime", seconds(s.Uptime).Round(time.Second).String())
	line("links", strconv.Itoa(s.Links))
	line("in flight", strconv.Itoa(s.InFlight))
	line("functions", strconv.Itoa(s.Functions))
	line("goroutines", strconv.Itoa(s.Goroutines))
	line("leases", s.Leases.String())
	for _, function := range slices.Sorted(maps.Keys(s.Ignoring)) {
		line("ignoring", fmt.Sprintf("%s: %d past their deadline or canceled", function, s.Ignoring[function]))
	}
	line("members", s.members())
	return aligned(lines)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// String says how many there are, and where; nothing if there are none.
func (l leases) String() string {
	if l.Count == 0 {
		return ""
	}
	text := fmt.Sprintf("%d, %s in memory", l.Count, byteSize(l.MemoryBytes))
	if l.DiskBytes > 0 {
		text += ", " + byteSize(l.DiskBytes) + " on disk"
	}
	return text
}

// byteSize is a number of bytes for the eye, in units of 1024.
func byteSize(n int64) string {
	const units = "KMGT"
	if n < 1<<10 {
		return strconv.FormatInt(n, 10) + " B"
	}
	size, unit := float64(n)/(1<<10), 0
	for size >= 1<<10 && unit < len(units)-1 {
		size /= 1 << 10
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", size, units[unit])
}

// members counts the members by state, the states that there are.
func (s *status) members() string {
	var counts []string
	for _, state := range []string{"alive", "suspect", "left", "dead"} {
		if n := s.Members[state]; n > 0 {
			counts = append(counts, strconv.Itoa(n)+" "+state)
		}
	}
	return strings.Join(counts, ", ")
}

func (s *status) seeds() *table {
	t := &table{columns: []column{{title: "SEED"}, {title: "NODE"}, {title: "NEXT"}, {title: "ERROR", list: true}}}
	for _, seed := range s.Seeds {
		next := ""
		if seed.NextMS > 0 {
			next = seconds(seed.NextMS / 1e3).Round(time.Millisecond).String()
		}
		t.add(cell{seed.URL}, one(seed.Node), one(next), one(seed.Error))
	}
	return t
}
