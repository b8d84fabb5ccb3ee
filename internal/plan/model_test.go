package plan_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// drawTree draws a value: short keys and strings, so that paths often exist
// and strings are often names.
func drawTree(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Float64Range(-1e9, 1e9).AsAny(),
		rapid.SampledFrom([]string{"out", "a", "b", "a.b", "a.b.c", "a.0", "b.0.a", "c.a", "c.x.y", "a.b.0", "d", "", "a.", "é\"\\"}).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	inner := rapid.Deferred(func() *rapid.Generator[any] { return drawTree(depth - 1) })
	list := rapid.Map(rapid.SliceOfN(inner, 0, 3), func(s []any) any { return s })
	keys := rapid.SampledFrom([]string{"a", "b", "c", "0", "x", "", "é\"\\", "/~"})
	object := rapid.Map(rapid.MapOfN(keys, inner, 0, 3), func(m map[string]any) any { return m })
	return rapid.OneOf(append(leaves, list, list, object, object)...)
}

// model is references as their definition has them, without a thought for
// speed. Command 0 is the one whose arguments are filled.
type model struct {
	mode    plan.Mode
	names   []string
	results []any
	missing int // explicit references that lead to nothing

	args   []any // what the arguments of command 0 become
	kwargs map[string]any
}

// drawRequest draws commands, the first of which uses the others' results.
func drawRequest(t *rapid.T, mode plan.Mode) (*model, []wire.Command, []codec.Value) {
	m := &model{mode: mode, names: []string{"out", "a", "b", "a.b", "c"}, kwargs: map[string]any{}}
	codecs := []codec.Codec{codec.JSON{}, codec.CBOR{}, opaque{}}
	draw := func(label string) codec.Codec { return rapid.SampledFrom(codecs).Draw(t, label) }
	cmds, results := make([]wire.Command, len(m.names)), make([]codec.Value, len(m.names))
	for j, name := range m.names {
		cmds[j].Name = name
		m.results = append(m.results, drawTree(3).Draw(t, name))
		results[j], _ = codec.Encode(draw("codec of the result"), m.results[j])
	}
	argument := func(pointer ...string) (codec.Value, any) {
		c := draw("codec of the argument")
		if mode == plan.Names {
			c = codec.JSON{}
		}
		before, after := m.substitute(t, &cmds[0], pointer, drawTree(4).Draw(t, "argument"))
		v, err := codec.Encode(c, before)
		if err != nil {
			t.Fatal(err)
		}
		return v, after
	}
	for n := range rapid.IntRange(0, 3).Draw(t, "arguments") {
		v, after := argument("args", strconv.Itoa(n))
		cmds[0].Args, m.args = append(cmds[0].Args, v), append(m.args, after)
	}
	cmds[0].Kwargs = map[string]codec.Value{}
	for _, key := range []string{"b/", "a"}[:rapid.IntRange(0, 2).Draw(t, "keywords")] {
		cmds[0].Kwargs[key], m.kwargs[key] = argument("kwargs", key)
	}
	return m, cmds, results
}

// substitute returns what stands in the argument at a pointer, and what
// stands there once the results are in place. In explicit mode it draws the
// places and adds their references to cmd.
func (m *model) substitute(t *rapid.T, cmd *wire.Command, pointer []string, v any) (before, after any) {
	if m.mode == plan.Explicit && rapid.IntRange(0, 3).Draw(t, "place") == 0 {
		j := rapid.IntRange(1, len(m.names)-1).Draw(t, "refers to")
		path, part := drawPath(t, m.results[j])
		if rapid.IntRange(0, 20).Draw(t, "missing") == 0 {
			path = append(path, "missing")
			m.missing++
		}
		if cmd.Refs == nil {
			cmd.Refs = map[string]wire.Ref{}
		}
		cmd.Refs[join(pointer)] = wire.Ref{Command: m.names[j], Path: path}
		return v, part
	}
	switch v := v.(type) {
	case string:
		if m.mode == plan.Names {
			return v, m.named(v)
		}
	case []any:
		b, a := make([]any, len(v)), make([]any, len(v))
		for i := range v {
			b[i], a[i] = m.substitute(t, cmd, append(slices.Clone(pointer), strconv.Itoa(i)), v[i])
		}
		return b, a
	case map[string]any:
		b, a := map[string]any{}, map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b[key], a[key] = m.substitute(t, cmd, append(slices.Clone(pointer), key), v[key])
		}
		return b, a
	}
	return v, v
}

func join(pointer []string) string {
	var b strings.Builder
	for _, token := range pointer {
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// drawPath draws a path that exists in v, and what it leads to.
func drawPath(t *rapid.T, v any) (path []string, part any) {
	for rapid.Bool().Draw(t, "deeper") {
		switch x := v.(type) {
		case []any:
			if len(x) > 0 {
				i := rapid.IntRange(0, len(x)-1).Draw(t, "index")
				path, v = append(path, strconv.Itoa(i)), x[i]
			}
		case map[string]any:
			if len(x) > 0 {
				key := rapid.SampledFrom(slices.Sorted(maps.Keys(x))).Draw(t, "key")
				path, v = append(path, key), x[key]
			}
		}
	}
	return path, v
}

// named returns what a string stands for in names mode.
func (m *model) named(s string) any {
	best := -1
	for j, name := range m.names {
		if (s == name || strings.HasPrefix(s, name+".")) && (best < 0 || len(name) > len(m.names[best])) {
			best = j
		}
	}
	if best <= 0 {
		return s
	}
	v := m.results[best]
	if s == m.names[best] {
		return v
	}
	for key := range strings.SplitSeq(s[len(m.names[best])+1:], ".") {
		switch x := v.(type) {
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || strconv.Itoa(i) != key || i < 0 || i >= len(x) {
				return s
			}
			v = x[i]
		case map[string]any:
			var ok bool
			if v, ok = x[key]; !ok {
				return s
			}
		default:
			return s
		}
	}
	return v
}
