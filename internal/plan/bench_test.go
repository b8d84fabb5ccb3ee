package plan_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// chain returns n commands that each wrap the result of the one before.
func chain(n int) []wire.Command {
	cmds := []wire.Command{command("c0", "echo", `0`)}
	for i := 1; i < n; i++ {
		cmds = append(cmds, command(fmt.Sprintf("c%d", i), "echo", fmt.Sprintf(`["c%d"]`, i-1)))
	}
	return cmds
}

// sources returns n commands that use nothing.
func sources(n int) []wire.Command {
	cmds := make([]wire.Command, n)
	for i := range cmds {
		cmds[i] = command(fmt.Sprintf("in%d", i), "echo", strconv.Itoa(i))
	}
	return cmds
}

// fanIn returns n commands, and one that has a list of all their results.
func fanIn(n int) []wire.Command {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"in%d"`, i)
	}
	return append(sources(n), command("out", "echo", "["+strings.Join(list, ",")+"]"))
}

// fanInExplicit is fanIn with explicit references.
func fanInExplicit(n int) []wire.Command {
	out := command("out", "echo", "["+strings.Repeat("null,", n-1)+"null]")
	out.Refs = make(map[string]wire.Ref, n)
	for i := range n {
		out.Refs[fmt.Sprintf("/args/0/%d", i)] = wire.Ref{Command: fmt.Sprintf("in%d", i)}
	}
	return append(sources(n), out)
}

var shapes = []struct {
	name string
	mode plan.Mode
	cmds []wire.Command
}{
	{"one", plan.Names, command1()},
	{"chain-3", plan.Names, chain(3)},
	{"chain-100", plan.Names, chain(100)},
	{"chain-10000", plan.Names, chain(10_000)},
	{"fan-in-300", plan.Names, fanIn(300)},
	{"fan-in-300-explicit", plan.Explicit, fanInExplicit(300)},
	{"fan-in-9999", plan.Names, fanIn(9_999)},
	{"fan-in-9999-explicit", plan.Explicit, fanInExplicit(9_999)},
}

func command1() []wire.Command { return []wire.Command{command("one", "echo", `{"Name":"x","N":1}`)} }

func BenchmarkNew(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := plan.New(s.cmds, s.mode, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRun is all that a plan does in a request: New, Progress, and Resolve
// of each step, with results of a few bytes.
func BenchmarkRun(b *testing.B) {
	result := func(int) codec.Value { return raw(`{"x":1}`) }
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := plan.New(s.cmds, s.mode, nil)
				if err != nil {
					b.Fatal(err)
				}
				g := p.Begin()
				for ready := g.Ready(); len(ready) > 0; {
					i := ready[len(ready)-1]
					if _, _, _, err := p.Resolve(i, result); err != nil {
						b.Fatal(err)
					}
					ready = append(ready[:len(ready)-1], g.Done(i)...)
				}
			}
		})
	}
}

// BenchmarkScan is names mode on data that names nothing, per byte.
func BenchmarkScan(b *testing.B) {
	for name, text := range map[string]string{
		"text": `"` + strings.Repeat("The quick brown fox. ", 1<<15) + `"`,
		"list": `[` + strings.Repeat(`{"id":12345,"name":"in.the.list"},`, 1<<14) + `0]`,
		// As many dots before as the longest name has bytes.
		"dots": `[` + strings.Repeat(`"`+strings.Repeat(".", 256)+`",`, 1<<12) + `0]`,
	} {
		b.Run(name, func(b *testing.B) {
			cmds := append(sources(256), command("out", "echo", text))
			for i := range cmds {
				cmds[i].Name = fmt.Sprintf("%*d", i+3, i) // names of all lengths
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := plan.New(cmds, plan.Names, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkResolve is one step, with the results it uses as values and, where
// there are some, as leases.
func BenchmarkResolve(b *testing.B) {
	value := raw(`{"x":[1,2,3],"y":"` + strings.Repeat("y", 100) + `"}`)
	for name, out := range map[string]wire.Command{
		"nothing": command("out", "echo", `{"x":1}`, `"text"`),
		"whole":   command("out", "echo", `"in"`),
		"field":   command("out", "echo", `"in.y"`),
		"inside":  command("out", "echo", `{"a":["in.x","in.y",1],"b":"in"}`, `2`),
	} {
		for kind, result := range map[string]codec.Value{"value": value, "lease": lease(0)} {
			if name == "nothing" && kind == "lease" {
				continue
			}
			b.Run(name+"/"+kind, func(b *testing.B) {
				p, err := plan.New([]wire.Command{command("in", "echo"), out}, plan.Names, nil)
				if err != nil {
					b.Fatal(err)
				}
				in := func(int) codec.Value { return result }
				b.ReportAllocs()
				for b.Loop() {
					if _, _, _, err := p.Resolve(1, in); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkSplice is the other half of BenchmarkResolve with leases.
func BenchmarkSplice(b *testing.B) {
	result := raw(`{"x":[1,2,3],"y":"` + strings.Repeat("y", 100) + `"}`)
	for name, out := range map[string]wire.Command{
		"whole":  command("out", "echo", `"in"`),
		"inside": command("out", "echo", `{"a":["in.x","in.y",1],"b":"in"}`, `2`),
	} {
		b.Run(name, func(b *testing.B) {
			p, err := plan.New([]wire.Command{command("in", "echo"), out}, plan.Names, nil)
			if err != nil {
				b.Fatal(err)
			}
			args, kwargs, splices, err := p.Resolve(1, give(lease(0)))
			if err != nil {
				b.Fatal(err)
			}
			fetched := fetch(splices, []codec.Value{result})
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := plan.Splice("out", args, kwargs, splices, fetched, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
