package graphtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// write writes the members of the request. Escaped, all characters of some strings are,
// with white space around: a client may write the same in many ways.
func (r *request) write(escaped bool) string {
	var b strings.Builder
	b.WriteString(`"return_intermediate_results":true,`)
	if r.explicit {
		b.WriteString(`"refs":"explicit",`)
	}
	b.WriteString(`"return":` + text(list(r.wanted), escaped) + `,"cmds":[`)
	for i, c := range r.commands {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"name":` + text(c.name, !escaped) + `,"fun":"` + c.function + `","args":` + text(c.args, escaped))
		if c.kwargs != nil {
			b.WriteString(`,"kwargs":` + text(c.kwargs, escaped))
		}
		if len(c.refs) > 0 {
			m := map[string]any{}
			for p, ref := range c.refs {
				m[p] = ref
			}
			b.WriteString(`,"refs":` + text(m, escaped))
		}
		b.WriteByte('}')
	}
	b.WriteString(`]`)
	return b.String()
}

func list(names []string) []any {
	l := []any{}
	for _, n := range names {
		l = append(l, n)
	}
	return l
}

// text writes a value.
func text(v any, escaped bool) string {
	switch v := v.(type) {
	case string:
		if !escaped {
			return quote(v)
		}
		var b strings.Builder
		b.WriteString(" \"")
		for _, r := range v {
			switch {
			case r > 0xffff:
				r -= 0x10000
				fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			case r == '/':
				b.WriteString(`\/`)
			default:
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
		return b.String() + "\"\n"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = text(v[i], escaped)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, text(k, escaped)+":"+text(v[k], escaped))
		}
		return "{" + strings.Join(parts, ",") + "}"
	default:
		return quote(v)
	}
}

func quote(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
