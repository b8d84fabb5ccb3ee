package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

func TestExplicit(t *testing.T) {
	img := command("img", "echo", `{"w":1,"tags":["x","y"]," ":3}`)
	tests := map[string]struct {
		cmds   []wire.Command
		wanted []string
		want   map[string]string
	}{
		"data that says a name": {
			[]wire.Command{command("a", "echo", `"b"`), refer(command("b", "echos", `"a"`, `null`), "/args/1", "a")},
			nil, map[string]string{"b": `["a","b"]`},
		},
		"whole, nested, keyword": {
			[]wire.Command{
				img,
				refer(refer(command("out", "echos", `null`, `[0, {"a/b":null,"~":1} ]`), "/args/0", "img"), "/args/1/1/a~1b", "img", "tags", "1"),
				refer(refer(with(with(command("kw", "kw"), "k/", ` null `), "l", `{"":[true]}`), "/kwargs/k~1", "img", "w"), "/kwargs/l//0", "img", " "),
			},
			[]string{"img"}, map[string]string{
				"img": `{"w":1,"tags":["x","y"]," ":3}`,
				"out": `[{"w":1,"tags":["x","y"]," ":3},[0, {"a/b":"y","~":1} ]]`,
				"kw":  `{"k/":1,"l":{"":[3]}}`,
			},
		},
		"several in one argument, some of them from one result": {
			[]wire.Command{
				refer(refer(refer(refer(command("out", "echo", `{"b":[null, null],"a":"x","a":{"c":null},"d":null}`),
					"/args/0/a/c", "img", "w"), "/args/0/b/1", "img", "tags", "0"), "/args/0/d", "img", "tags"), "/args/0/b/0", "img", "w"),
				img,
			},
			nil, map[string]string{"out": `{"b":[1, "x"],"a":"x","a":{"c":1},"d":["x","y"]}`},
		},
		"tokens are read from left to right": {
			[]wire.Command{img, refer(refer(command("out", "echo", `{"~1":null,"/":null}`), "/args/0/~01", "img", "w"), "/args/0/~1", "img", " ")},
			nil, map[string]string{"out": `{"~1":1,"/":3}`},
		},
		"a place's own content does not matter": {
			[]wire.Command{img, refer(command("out", "echo", `[["img"],2]`), "/args/0/0", "img", "w")},
			nil, map[string]string{"out": `[1,2]`},
		},
		"a result is not searched": {
			[]wire.Command{command("a", "bait"), command("b", "echo", `1`), refer(command("c", "echo", `[0]`), "/args/0/0", "a", "0")},
			nil, map[string]string{"b": `1`, "c": `["b"]`},
		},
		"index and key alike": {
			[]wire.Command{
				command("a", "echo", `{"0":["zero"],"00":"two zeros"}`),
				refer(refer(command("out", "echo", `[{"0":null},null]`), "/args/0/0/0", "a", "0", "0"), "/args/0/1", "a", "00"),
			},
			nil, map[string]string{"out": `[{"0":"zero"},"two zeros"]`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { answers(t, tt.cmds, plan.Explicit, tt.wanted, tt.want) })
	}
}

func TestExplicitPlaces(t *testing.T) {
	out := with(with(command("out", "echo", `0`, `[null,"é",null]`), "b", `null`), "a", `{"x":null}`)
	for pointer, path := range map[string][]string{
		"/args/1/2": nil, "/args/1/0": {"f", "0"}, "/kwargs/b": nil, "/kwargs/a/x": nil, "/args/0": {""},
	} {
		out = refer(out, pointer, "in", path...)
	}
	p, err := plan.New([]wire.Command{out, command("in", "echo", `1`)}, plan.Explicit, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Place{
		{Arg: 0, Pointer: "/args/0", From: 1, Path: []string{""}},
		{Arg: 1, Span: codec.Span{Start: 1, End: 5}, Pointer: "/args/1/0", From: 1, Path: []string{"f", "0"}},
		{Arg: 1, Span: codec.Span{Start: 11, End: 15}, Pointer: "/args/1/2", From: 1},
		{Arg: -1, Kwarg: "a", Span: codec.Span{Start: 5, End: 9}, Pointer: "/kwargs/a/x", From: 1},
		{Arg: -1, Kwarg: "b", Pointer: "/kwargs/b", From: 1},
	}
	if diff := cmp.Diff(want, p.Steps[0].Places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	if !p.Steps[0].Places[0].Whole() || p.Steps[0].Places[1].Whole() {
		t.Error("Whole is wrong")
	}
}
