package plan_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

func TestNamesMode(t *testing.T) {
	tests := map[string]struct {
		cmds   []wire.Command
		wanted []string
		want   map[string]string
	}{
		"echo of echo": {
			[]wire.Command{command("first", "echo", `"hi there!"`), command("second", "echo", `"first"`)},
			nil, map[string]string{"second": `"hi there!"`},
		},
		"two leaves": {
			[]wire.Command{
				command("|first", "echo", `"hi there!"`),
				command("|second", "echo", `"|first"`),
				command("|third", "echos", `"|first"`, `"AND ME TOO"`),
			},
			nil, map[string]string{"|second": `"hi there!"`, "|third": `["hi there!","AND ME TOO"]`},
		},
		"diamond": {
			[]wire.Command{
				command("|first", "echo", `"hi there!"`),
				command("|second", "echo", `"|first"`),
				command("|third", "echos", `"|first"`, `"|second"`, `"AND ME TOO"`),
			},
			nil, map[string]string{"|third": `["hi there!","hi there!","AND ME TOO"]`},
		},
		"any order of declaration": {
			[]wire.Command{
				command("third", "echos", `"second"`, `"first"`),
				command("second", "echo", `"first"`),
				command("first", "echo", `1.0`),
			},
			nil, map[string]string{"third": `[1.0,1.0]`},
		},
		"nested": {
			[]wire.Command{
				command("out", "echo", `{"a": [ 1, "img" ,{"b":"img"}], "c":"image"}`),
				command("img", "echo", `[9007199254740993]`),
			},
			nil, map[string]string{"out": `{"a": [ 1, [9007199254740993] ,{"b":[9007199254740993]}], "c":"image"}`},
		},
		"keywords": {
			[]wire.Command{
				with(with(command("out", "kw"), "x", ` "a" `), "y", `["b",{"z":"a"}]`),
				command("a", "echo", `1`),
				command("b", "echo", `{"k":2}`),
			},
			nil, map[string]string{"out": `{"x":1,"y":[{"k":2},{"z":1}]}`},
		},
		"keys are data": {
			[]wire.Command{command("a", "echo", `1`), with(command("b", "kw"), "a", `{"a":"x"}`)},
			nil, map[string]string{"a": `1`, "b": `{"a":{"a":"x"}}`},
		},
		"escaped": {
			[]wire.Command{command("é/\"", "echo", `1`), command("b", "echo", `["\u00e9\/\""]`)},
			nil, map[string]string{"b": `[1]`},
		},
		"one's own name is data": {
			[]wire.Command{command("a", "echos", `"a"`, `"a.x"`, `["a"]`), command("b", "echo", `0`)},
			nil, map[string]string{"a": `["a","a.x",["a"]]`, "b": `0`},
		},
		"one's own name is data, though a shorter one fits": {
			[]wire.Command{command("a", "echo", `{"b":{"c":1}}`), command("a.b", "echos", `"a.b"`, `"a.b.c"`)},
			nil, map[string]string{"a": `{"b":{"c":1}}`, "a.b": `["a.b","a.b.c"]`},
		},
		"into the result": {
			[]wire.Command{
				command("a", "echo", `{"b":[10,{"c":"x"}],"":7,"0":8}`),
				command("out", "echos", `"a.b.0"`, `"a.b.1.c"`, `["a.b"]`, `"a."`, `"a.0"`),
			},
			nil, map[string]string{"out": `[10,"x",[[10,{"c":"x"}]],7,8]`},
		},
		"the longest name wins": {
			[]wire.Command{
				command("a", "echo", `{"b":"short"}`),
				command("a.b", "echo", `{"c":"long","":"empty"}`),
				command("out", "echos", `"a.b"`, `"a.b.c"`, `"a.b."`, `"a.bb"`),
			},
			[]string{"a"}, map[string]string{"a": `{"b":"short"}`, "out": `[{"c":"long","":"empty"},"long","empty","a.bb"]`},
		},
		"a path that does not exist is data": {
			[]wire.Command{
				command("a", "echo", `{"b":[1]}`),
				command("out", "echos", `"a.x"`, `"a.b.1"`, `"a.b.00"`, `"a.b.-0"`, `"a.b.0.c"`, `["a.x", "a.b.0"]`),
			},
			nil, map[string]string{"out": `["a.x","a.b.1","a.b.00","a.b.-0","a.b.0.c",["a.x", 1]]`},
		},
		"results that look like names": {
			[]wire.Command{
				command("a", "bait"),
				command("b", "echo", `"a.0"`),
				command("c", "echos", `["b"]`, `"a.1"`, `"a"`, `"a.2"`),
			},
			nil, map[string]string{"c": `[["b"],"c",["b","c","b.0"],"b.0"]`},
		},
		"a leaf asked for": {
			[]wire.Command{command("a", "echo", `1`), command("b", "echo", `"a"`)},
			[]string{"b", "a", "b"}, map[string]string{"a": `1`, "b": `1`},
		},
		"null": {
			[]wire.Command{{Name: "a", Function: "echo", Args: make([]codec.Value, 1)}, command("b", "echo", `["a"]`)},
			nil, map[string]string{"b": `[null]`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { answers(t, tt.cmds, plan.Names, tt.wanted, tt.want) })
	}
}

func TestOrderOfDeclarationDoesNotMatter(t *testing.T) {
	cmds := []wire.Command{
		command("a", "echo", `1`),
		command("b", "echo", `["a"]`),
		command("c", "echo", `["a"]`),
		command("d", "echos", `"b"`, `"c"`, `"a"`),
	}
	for shift := range cmds {
		turned := append(append([]wire.Command{}, cmds[shift:]...), cmds[:shift]...)
		answers(t, turned, plan.Names, nil, map[string]string{"d": `[[1],[1],1]`})
	}
}

func TestChain(t *testing.T) {
	answers(t, chain(100), plan.Names, nil, map[string]string{"c99": strings.Repeat("[", 99) + "0" + strings.Repeat("]", 99)})
}

func TestFanIn(t *testing.T) {
	numbers := make([]string, 300)
	for i := range numbers {
		numbers[i] = strconv.Itoa(i)
	}
	want := map[string]string{"out": "[" + strings.Join(numbers, ",") + "]"}
	answers(t, fanIn(300), plan.Names, nil, want)
	answers(t, fanInExplicit(300), plan.Explicit, nil, want)
}

func TestNamesModeEdges(t *testing.T) {
	deep := `"a` + strings.Repeat(".0", codec.MaxDepth+1) + `"`
	cmds := []wire.Command{
		command("a", "echo", `1`),
		command("b", "echos", `["a","a","a.x","c"]`, deep),
		command("c", "echos", `"a.nothing"`),
		command("d", "echo", deep),
	}
	p, err := plan.New(cmds, plan.Names, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Step{
		{Level: 0, Consumers: []int{1, 2, 3}},
		{Level: 2, Inputs: []int{0, 2}, Places: []plan.Place{
			{Span: codec.Span{Start: 1, End: 4}, From: 0},
			{Span: codec.Span{Start: 5, End: 8}, From: 0},
			{Span: codec.Span{Start: 9, End: 14}, From: 0, Path: []string{"x"}},
			{Span: codec.Span{Start: 15, End: 18}, From: 2},
		}},
		{Level: 1, Inputs: []int{0}, Consumers: []int{1}, Places: []plan.Place{{From: 0, Path: []string{"nothing"}}}},
		{Level: 1, Inputs: []int{0}},
	}
	if diff := cmp.Diff(want, p.Steps, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 3}, p.Results); diff != "" || p.Levels != 3 {
		t.Errorf("%d levels, want 3; results (-want +got):\n%s", p.Levels, diff)
	}
}

func TestNamesModeSearchesJSONOnly(t *testing.T) {
	cmds := []wire.Command{
		command("a", "echo", `1`),
		{Name: "b", Function: "echo", Args: []codec.Value{encode(t, codec.CBOR{}, []any{"a"})}},
	}
	p, err := plan.New(cmds, plan.Names, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1}, p.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}
