package graphtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// request is a request, decoded.
type request struct {
	explicit bool
	commands []command
	wanted   []string // whose results are asked for
}

type command struct {
	name, function string
	args           []any
	kwargs         map[string]any
	refs           map[string][]any // a name and a path, by pointer
}

// result is what becomes of a request.
type result struct {
	refusal string          // why nothing of it runs; empty if it runs
	lacking map[string]bool // commands that refer to a part that a result does not have
	results map[string]any
	levels  []map[string]any
}

// walk returns the part of a value at a path.
func walk(v any, path []string) (any, bool) {
	for _, s := range path {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[s]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(s)
			if err != nil || strconv.Itoa(i) != s || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// refersTo says what a string in the command own means in names mode: the index of a
// command, -1 for none, and the path.
func (r *request) refersTo(s string, own int) (int, []string) {
	best := -1
	for i, c := range r.commands {
		if (s == c.name || strings.HasPrefix(s, c.name+".")) && (best < 0 || len(c.name) > len(r.commands[best].name)) {
			best = i
		}
	}
	if best < 0 || best == own {
		return -1, nil
	}
	if s == r.commands[best].name {
		return best, nil
	}
	return best, strings.Split(s[len(r.commands[best].name)+1:], ".")
}

func eachString(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, x := range v {
			eachString(x, f)
		}
	case map[string]any:
		for _, x := range v {
			eachString(x, f)
		}
	}
}

// run refuses or runs the request.
func (r *request) run() result {
	index := map[string]int{}
	for i, c := range r.commands {
		if _, twice := index[c.name]; twice {
			return result{refusal: "a duplicate name"}
		}
		index[c.name] = i
	}
	for _, name := range r.wanted {
		if _, ok := index[name]; !ok {
			return result{refusal: "a result that nobody makes"}
		}
	}
	uses := make([]map[int]bool, len(r.commands))
	for i := range r.commands {
		var refusal string
		if uses[i], refusal = r.uses(i, index); refusal != "" {
			return result{refusal: refusal}
		}
	}
	level, ok := levels(uses)
	if !ok {
		return result{refusal: "a cycle"}
	}
	values := make([]any, len(r.commands))
	failed := map[int]bool{} // or behind one that did
	lacking := map[string]bool{}
	for n := range slices.Max(level) + 1 {
		for i := range r.commands {
			if level[i] != n {
				continue
			}
			for input := range uses[i] {
				failed[i] = failed[i] || failed[input]
			}
			if failed[i] {
				continue
			}
			if values[i], ok = r.invoke(i, index, values); !ok {
				failed[i], lacking[r.commands[i].name] = true, true
			}
		}
	}
	if len(lacking) > 0 {
		return result{lacking: lacking}
	}
	return r.answer(uses, level, values)
}

// answer returns the results that are asked for, and all of them by level.
func (r *request) answer(uses []map[int]bool, level []int, values []any) result {
	out := result{results: map[string]any{}, levels: make([]map[string]any, slices.Max(level)+1)}
	for i, c := range r.commands {
		leaf := !slices.ContainsFunc(uses, func(inputs map[int]bool) bool { return inputs[i] })
		if leaf || slices.Contains(r.wanted, c.name) {
			out.results[c.name] = values[i]
		}
		if out.levels[level[i]] == nil {
			out.levels[level[i]] = map[string]any{}
		}
		out.levels[level[i]][c.name] = values[i]
	}
	return out
}

// uses returns which commands a command uses, or why it can't.
func (r *request) uses(i int, index map[string]int) (inputs map[int]bool, refusal string) {
	inputs = map[int]bool{}
	c := &r.commands[i]
	if !r.explicit {
		note := func(s string) {
			if j, _ := r.refersTo(s, i); j >= 0 {
				inputs[j] = true
			}
		}
		eachString(c.args, note)
		for _, v := range c.kwargs {
			eachString(v, note)
		}
		return inputs, ""
	}
	var places [][]string
	for pointer, ref := range c.refs {
		name, _ := ref[0].(string)
		j, ok := index[name]
		if !ok || j == i {
			return nil, "a reference to itself or to nobody"
		}
		inputs[j] = true
		place, ok := c.place(pointer)
		if !ok {
			return nil, "a place that is not there"
		}
		places = append(places, place)
	}
	for m, p := range places {
		for n, q := range places {
			if m != n && len(p) <= len(q) && slices.Equal(p, q[:len(p)]) {
				return nil, "places that overlap"
			}
		}
	}
	return inputs, ""
}

// levels returns the longest path to each command; it is not ok if there is a cycle.
func levels(uses []map[int]bool) (level []int, ok bool) {
	level = make([]int, len(uses))
	for range len(uses) + 1 {
		ok = true
		for i, inputs := range uses {
			for input := range inputs {
				if level[i] <= level[input] {
					level[i], ok = level[input]+1, false
				}
			}
		}
	}
	return level, ok
}

// place returns the steps to a place of a command, if there is such a place.
func (c *command) place(pointer string) ([]string, bool) {
	if !strings.HasPrefix(pointer, "/") {
		return nil, false
	}
	tokens := strings.Split(pointer[1:], "/")
	for n, token := range tokens {
		for rest := token; ; {
			_, after, found := strings.Cut(rest, "~")
			if !found {
				break
			}
			if after == "" || after[0] != '0' && after[0] != '1' {
				return nil, false
			}
			rest = after[1:]
		}
		tokens[n] = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
	}
	if len(tokens) < 2 {
		return nil, false
	}
	var v any
	switch tokens[0] {
	case "args":
		v = c.args
	case "kwargs":
		v = c.kwargs
	default:
		return nil, false
	}
	_, ok := walk(v, tokens[1:])
	return tokens, ok
}

// replace returns v with what f makes of each value in it, from the outside in.
func replace(v any, at []string, f func(v any, at []string) (any, bool)) any {
	if out, ok := f(v, at); ok {
		return out
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = replace(x, append(slices.Clone(at), strconv.Itoa(i)), f)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = replace(x, append(slices.Clone(at), k), f)
		}
		return out
	}
	return v
}

// invoke runs command i; it is not ok if a part that it refers to is missing.
func (r *request) invoke(i int, index map[string]int, values []any) (v any, ok bool) {
	c := &r.commands[i]
	ok = true
	fill := func(v any, at []string) (any, bool) {
		if !r.explicit {
			return r.named(v, i, values)
		}
		for pointer, ref := range c.refs {
			if place, _ := c.place(pointer); !slices.Equal(place, at) {
				continue
			}
			var path []string
			for _, step := range ref[1:] {
				path = append(path, fmt.Sprint(step))
			}
			name, _ := ref[0].(string)
			part, found := walk(values[index[name]], path)
			ok = ok && found
			return part, true
		}
		return nil, false
	}
	args := make([]any, len(c.args))
	for n, arg := range c.args {
		args[n] = replace(arg, []string{"args", strconv.Itoa(n)}, fill)
	}
	kwargs := map[string]any{}
	for key, v := range c.kwargs {
		kwargs[key] = replace(v, []string{"kwargs", key}, fill)
	}
	switch {
	case !ok:
		return nil, false
	case c.function == "list":
		return args, true
	case c.function == "keywords":
		return []any{args[0], kwargs}, true
	default:
		return args[0], true
	}
}

// named returns what stands for a value of command i in names mode, if that is
// something else.
func (r *request) named(v any, i int, values []any) (any, bool) {
	s, ok := v.(string)
	if !ok {
		return nil, false
	}
	from, path := r.refersTo(s, i)
	if from < 0 {
		return nil, false
	}
	return walk(values[from], path)
}
