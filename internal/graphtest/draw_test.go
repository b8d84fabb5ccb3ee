package graphtest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// What strings are drawn from: names, paths into results, and what looks like either.
var atoms = []string{"a", "b", "a.b", "a.b.c", "|x", "x/y", "~", "~1", "é", "e\u0301", `q"q`, `b\b`, "0", "name", "args", "r", " ", "a ", "世", "x.0", ".", "a.", ".a", "a..b", "\u2028", "😀", "id", "A", "\x7f"}
var steps = []string{"a", "b", "c", "0", "1", "2", "01", "-1", "00", "+1", "1e0", "99999999999999999999", "18446744073709551616", "", "é", "x/y", "~", "b.c", " ", "-", "A", "0x0"}
var keys = []string{"a", "b", "c", "0", "01", "-1", "", "é", "x/y", "~", "b.c", "A", "name", `q"`}
var numbers = []json.Number{"0", "1", "-1", "1.5", "1.0", "9007199254740993", "18446744073709551615"}

func drawString(t *rapid.T, names []string) string {
	kind := rapid.IntRange(0, 9).Draw(t, "kind of string")
	switch {
	case kind == 0:
		return rapid.StringN(0, 5, 10).Draw(t, "string")
	case kind == 1 || len(names) == 0:
		return rapid.SampledFrom(atoms).Draw(t, "atom")
	}
	s := rapid.SampledFrom(names).Draw(t, "name")
	if kind > 4 {
		for range rapid.IntRange(1, 3).Draw(t, "steps") {
			s += "." + rapid.SampledFrom(steps).Draw(t, "step")
		}
	}
	return s
}

func drawValue(t *rapid.T, names []string, depth int) any {
	most := 10
	if depth == 0 {
		most = 6
	}
	switch rapid.IntRange(0, most).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.SampledFrom(numbers).Draw(t, "number")
	case 3, 4, 5, 6:
		return drawString(t, names)
	case 7, 8:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = drawValue(t, names, depth-1)
		}
		return list
	default:
		m := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			m[rapid.SampledFrom(keys).Draw(t, "key")] = drawValue(t, names, depth-1)
		}
		return m
	}
}

func drawRequest(t *rapid.T) *request {
	r := &request{explicit: rapid.Bool().Draw(t, "explicit")}
	n := rapid.IntRange(1, 6).Draw(t, "commands")
	names := make([]string, 0, n)
	for len(names) < n {
		name := rapid.SampledFrom(atoms).Draw(t, "command")
		if slices.Contains(names, name) && rapid.IntRange(0, 9).Draw(t, "duplicate") > 0 {
			name += strconv.Itoa(len(names))
		}
		names = append(names, name)
	}
	ranks := rapid.Permutation(names).Draw(t, "ranks")
	for _, name := range names {
		// Mostly what has a lower rank: else nearly all requests had a cycle.
		may := slices.Clone(ranks[:slices.Index(ranks, name)])
		if rapid.IntRange(0, 30).Draw(t, "any rank") == 0 {
			may = slices.Clone(ranks)
		}
		if !r.explicit || rapid.IntRange(0, 30).Draw(t, "oneself") == 0 {
			may = append(may, "no one", name)
		}
		r.commands = append(r.commands, drawCommand(t, name, may))
		if c := &r.commands[len(r.commands)-1]; r.explicit && len(may) > 0 {
			c.drawRefs(t, may)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "return") {
		r.wanted = append(r.wanted, rapid.SampledFrom(names).Draw(t, "return"))
	}
	if rapid.IntRange(0, 40).Draw(t, "return nobody") == 0 {
		r.wanted = append(r.wanted, "nobody")
	}
	return r
}

// drawCommand draws a command that speaks of those that it may use.
func drawCommand(t *rapid.T, name string, may []string) command {
	c := command{name: name, function: rapid.SampledFrom([]string{"id", "decoded", "list", "keywords"}).Draw(t, "function")}
	args := 1
	if c.function == "list" {
		args = rapid.IntRange(0, 4).Draw(t, "args")
	}
	for range args {
		c.args = append(c.args, drawValue(t, may, 3))
	}
	if c.function == "keywords" {
		c.kwargs = map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "kwargs") {
			c.kwargs[rapid.SampledFrom(keys[:6]).Draw(t, "key")] = drawValue(t, may, 2)
		}
	}
	return c
}

// drawRefs draws references, mostly at places that are there.
func (c *command) drawRefs(t *rapid.T, may []string) {
	c.refs = map[string][]any{}
	for range rapid.IntRange(0, 3).Draw(t, "refs") {
		pointer := c.drawPointer(t)
		if pointer == "" {
			continue
		}
		ref := []any{rapid.SampledFrom(may).Draw(t, "to")}
		for range max(0, rapid.IntRange(-4, 2).Draw(t, "path")) {
			if rapid.Bool().Draw(t, "number") {
				ref = append(ref, rapid.SampledFrom([]json.Number{"0", "1", "2"}).Draw(t, "index"))
			} else {
				ref = append(ref, rapid.SampledFrom(steps).Draw(t, "step"))
			}
		}
		c.refs[pointer] = ref
	}
}

func (c *command) drawPointer(t *rapid.T) string {
	if rapid.IntRange(0, 60).Draw(t, "odd pointer") == 0 {
		return rapid.SampledFrom([]string{"/", "args/0", "/args", "/args/-", "/args/0~", "/args/~2", "/kwargs", "/name", "//", "/args/0/"}).Draw(t, "pointer")
	}
	var v any = map[string]any{"args": c.args, "kwargs": c.kwargs}
	pointer := ""
	for depth := range 6 {
		if depth >= 2 && rapid.Bool().Draw(t, "stop") {
			break
		}
		step, ok := drawStep(t, &v)
		if !ok && depth < 2 {
			return "" // there are no arguments
		}
		if !ok {
			break
		}
		pointer += "/" + strings.ReplaceAll(strings.ReplaceAll(step, "~", "~0"), "/", "~1")
	}
	return pointer
}

// drawStep goes a step into a value, if there is anything within.
func drawStep(t *rapid.T, v *any) (step string, ok bool) {
	switch x := (*v).(type) {
	case map[string]any:
		if len(x) > 0 {
			step = rapid.SampledFrom(slices.Sorted(maps.Keys(x))).Draw(t, "key")
			*v = x[step]
			return step, true
		}
	case []any:
		if len(x) > 0 {
			i := rapid.IntRange(0, len(x)-1).Draw(t, "index")
			*v = x[i]
			return strconv.Itoa(i), true
		}
	default:
		if rapid.IntRange(0, 30).Draw(t, "stray") == 0 {
			return rapid.SampledFrom(steps).Draw(t, "step"), true
		}
	}
	return "", false
}
