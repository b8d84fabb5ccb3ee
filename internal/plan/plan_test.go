package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

func TestRefused(t *testing.T) {
	a := command("a", "echo", `1`)
	b := command("b", "echo", `[null,{"x":null,"y/~":[null]}]`)
	tests := map[string]struct {
		mode    plan.Mode
		cmds    []wire.Command
		wanted  []string
		details details
		message string
	}{
		"no commands":       {message: "no commands"},
		"no name":           {cmds: []wire.Command{a, command("", "echo")}, message: "command 1"},
		"only one, no name": {cmds: []wire.Command{command("", "echo")}, message: "command 0"},
		"duplicate names": {
			cmds:    []wire.Command{b, a, a, b, a},
			details: details{"command": "a", "duplicates": []string{"a", "b"}}, message: `"a", "b"`,
		},
		"an unknown result is asked for": {
			cmds: []wire.Command{a, b}, wanted: []string{"a", "c"},
			details: details{"command": "c"}, message: `"c"`,
		},
		"an unknown result is asked for, of one": {
			cmds: []wire.Command{a}, wanted: []string{"a", "c"},
			details: details{"command": "c"}, message: `"c"`,
		},
		"cycle of two": {
			cmds:    []wire.Command{command("y", "echo", `"x"`), command("x", "echo", `["y.f"]`)},
			details: details{"command": "y", "cycle": []string{"y", "x"}}, message: `"y" uses "x" uses "y"`,
		},
		"cycle with a tail at both ends": {
			cmds: []wire.Command{
				command("after", "echo", `"r"`), command("p", "echos", `"before"`, `"q"`), command("before", "echo", `0`),
				command("r", "echo", `"p"`), command("q", "echos", `"before"`, `"r"`),
			},
			details: details{"command": "p", "cycle": []string{"p", "q", "r"}}, message: `"p" uses "q" uses "r" uses "p"`,
		},
		"explicit cycle": {
			mode:    plan.Explicit,
			cmds:    []wire.Command{refer(a, "/args/0", "b"), refer(b, "/args/0/0", "a")},
			details: details{"command": "a", "cycle": []string{"a", "b"}}, message: `"a" uses "b" uses "a"`,
		},
		"refs in names mode": {
			cmds:    []wire.Command{a, refer(b, "/args/0", "a")},
			details: details{"command": "b"}, message: `"refs":"explicit"`,
		},
		"refs in names mode, of one": {
			cmds:    []wire.Command{refer(b, "/args/0", "a")},
			details: details{"command": "b"}, message: `"refs":"explicit"`,
		},
		"unknown command": {
			mode: plan.Explicit, cmds: []wire.Command{a, refer(b, "/args/0", "c")},
			details: details{"command": "b", "place": "/args/0", "reference": "c"}, message: `no command "c"`,
		},
		"self-reference": {
			mode: plan.Explicit, cmds: []wire.Command{a, refer(b, "/args/0", "b", "x")},
			details: details{"command": "b", "place": "/args/0"}, message: "its own result",
		},
		"self-reference of one": {
			mode: plan.Explicit, cmds: []wire.Command{refer(b, "/args/0", "b")},
			details: details{"command": "b", "place": "/args/0"}, message: "its own result",
		},
		"path too long": {
			mode: plan.Explicit, cmds: []wire.Command{a, refer(b, "/args/0", "a", strings.Repeat("x", 4096))},
			details: details{"command": "b", "place": "/args/0"}, message: "over 4096 bytes",
		},
		"path too deep": {
			mode: plan.Explicit, cmds: []wire.Command{a, refer(b, "/args/0", "a", make([]string, codec.MaxDepth+1)...)},
			details: details{"command": "b", "place": "/args/0"}, message: "steps",
		},
		"overlap with the whole": {
			mode: plan.Explicit, cmds: []wire.Command{a, refer(refer(b, "/args/0", "a"), "/args/0/1/x", "a")},
			details: details{"command": "b", "place": "/args/0/1/x"}, message: "/args/0 and /args/0/1/x overlap",
		},
		"overlap inside": {
			mode: plan.Explicit,
			cmds: []wire.Command{a, refer(refer(refer(b, "/args/0/1", "a"), "/args/0/0", "a"), "/args/0/1/y~1~0/0", "a")},

			details: details{"command": "b", "place": "/args/0/1/y~1~0/0"}, message: "/args/0/1 and /args/0/1/y~1~0/0 overlap",
		},
		"overlap in a keyword": {
			mode: plan.Explicit,
			cmds: []wire.Command{
				a,
				refer(refer(refer(with(with(b, "k", `[[null]]`), "k!", `1`), "/kwargs/k", "a"), "/kwargs/k!", "a"), "/kwargs/k/0", "a"),
			},
			details: details{"command": "b", "place": "/kwargs/k/0"}, message: "/kwargs/k and /kwargs/k/0 overlap",
		},
		"too many references": {
			cmds:    []wire.Command{a, command("b", "echo", `[`+strings.Repeat(`"a.x",`, plan.MaxReferences/2)+`"a"]`)},
			details: details{"command": "b", "limit": "references", "max": int64(plan.MaxReferences)}, message: "262144",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := plan.New(tt.cmds, tt.mode, tt.wanted)
			if p != nil {
				t.Error("there is a plan as well as an error")
			}
			code := wire.InvalidRequest
			if tt.details["limit"] != nil {
				code = wire.ResourceExhausted
			}
			refused(t, err, code, tt.details, tt.message)
		})
	}
}

func TestRefusedPointers(t *testing.T) {
	tests := map[string]string{ // pointer: part of the message
		"":                             "/args/INDEX",
		"/":                            "/args/INDEX",
		"/args":                        "/args/INDEX",
		"/kwargs":                      "/args/INDEX",
		"/refs/0":                      "/args/INDEX",
		"/fun/0":                       "/args/INDEX",
		"args/0":                       `starts with "/"`,
		"/args/":                       "no index",
		"/args/-":                      "no index",
		"/args/-1":                     "no index",
		"/args/+0":                     "no index",
		"/args/00":                     "no index",
		"/args/x":                      "no index",
		"/args/9999999999999999999999": "no index",
		"/args/1":                      "1 arguments",
		"/args/0/2":                    "no such place",
		"/args/0/-":                    "no such place",
		"/args/0/01":                   "no such place",
		"/args/0/+1":                   "no such place",
		"/args/0/ 1":                   "no such place",
		"/args/0/":                     "no such place",
		"/args/0/0/0":                  "no such place",
		"/args/0/1/X":                  "no such place",
		"/args/0/1/0":                  "no such place",
		"/args/0/1/x~":                 `"~" is followed by 0 or 1`,
		"/args/0/1/y~2~0":              `"~" is followed by 0 or 1`,
		"/kwargs/":                     "no keyword argument",
		"/kwargs/l":                    "no keyword argument",
		"/kwargs/k/x":                  "no such place",
		strings.Repeat("/", 1001):      "levels deep",
	}
	for pointer, message := range tests {
		t.Run(pointer, func(t *testing.T) {
			b := with(command("b", "echo", `[null,{"x":null,"y/~":[null]}]`), "k", `null`)
			_, err := plan.New([]wire.Command{command("a", "echo", `1`), refer(b, pointer, "a")}, plan.Explicit, nil)
			refused(t, err, wire.InvalidRequest, details{"command": "b", "place": pointer}, fmt.Sprintf("%q", pointer), message)
			// A second reference has all places of the argument looked up in
			// one go.
			_, err = plan.New([]wire.Command{command("a", "echo", `1`), refer(refer(b, pointer, "a"), "/args/0/1/x", "a")}, plan.Explicit, nil)
			refused(t, err, wire.InvalidRequest, details{"command": "b", "place": pointer}, message)
		})
	}
}

func TestCycleOfMany(t *testing.T) {
	cmds := chain(10_000)
	cmds[0] = command("c0", "echo", `"c9999"`)
	_, err := plan.New(cmds, plan.Names, nil)
	names := []string{"c0"}
	for i := 9999; i > 0; i-- {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	refused(t, err, wire.InvalidRequest, details{"command": "c0", "cycle": names}, `"c0" uses "c9999"`, `(9992 more)`)
	if n := len(err.Error()); n > 300 {
		t.Errorf("the message has %d bytes", n)
	}
}

func TestOneCommand(t *testing.T) {
	cmds := []wire.Command{with(command("a", "echo", `["a","b"]`), "k", `"a"`)}
	for _, mode := range []plan.Mode{plan.Names, plan.Explicit} {
		p, err := plan.New(cmds, mode, []string{"a"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]plan.Step{{}}, p.Steps); diff != "" || p.Levels != 1 {
			t.Errorf("%d levels, want 1; steps (-want +got):\n%s", p.Levels, diff)
		}
		args, kwargs, _, err := p.Resolve(0, nil)
		if err != nil || &args[0] != &cmds[0].Args[0] || len(kwargs) != 1 {
			t.Errorf("Resolve returned %v, %v, %v; want the command's own arguments", args, kwargs, err)
		}
		answers(t, cmds, mode, nil, map[string]string{"a": `["a","b"]`})
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = plan.New(cmds, plan.Names, nil) }); n > 1 {
		t.Errorf("New takes %v allocations for one command, want 1", n)
	}
}
