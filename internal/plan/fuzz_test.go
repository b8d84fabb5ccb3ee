package plan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// parseCommands reads commands from text, one a line: name, codec (j or c),
// argument, and after that pointer, command and path of references, all
// separated by tabs. Every text is some request.
func parseCommands(text string) []wire.Command {
	var cmds []wire.Command
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		fields = append(fields, make([]string, max(0, 3-len(fields)))...)
		var c codec.Codec = codec.JSON{}
		if fields[1] == "c" {
			c = codec.CBOR{}
		}
		v := codec.Raw(c, []byte(fields[2]))
		cmd := wire.Command{Name: fields[0], Args: []codec.Value{v, v}, Kwargs: map[string]codec.Value{"k": v}}
		for ref := range slices.Chunk(fields[3:], 3) {
			if len(ref) == 3 {
				var path []string
				if ref[2] != "" {
					path = strings.Split(ref[2], ".")
				}
				cmd = refer(cmd, ref[0], ref[1], path...)
			}
		}
		cmds = append(cmds, cmd)
	}
	return cmds
}

func FuzzPlan(f *testing.F) {
	f.Add("a\tj\t[1,{\"x\":2}]\nb\tj\t[\"a\",\"a.1.x\",{\"y\":\"a.0\"}]")
	f.Add("a\tj\t\"b\"\nb\tj\t\"a.x\"")
	f.Add("a\tj\tnull\nb\tj\t[null,{\"a/b\":null}]\t/args/0/1/a~1b\ta\t\t/args/0/0\ta\tx.0\t/kwargs/k\ta\t")
	f.Add("a\tc\t\x82\x01\xa1\x61a\x02\nb\tc\t\x82\xf6\xf6\t/args/0/0\ta\t1.a\t/args/0/1\ta\t0\t/args/1/1\ta\t")
	f.Add("a\tj\t[\nb\tj\t[\"a\",\t/args/0/0\ta\t")
	f.Fuzz(func(t *testing.T, text string) {
		cmds := parseCommands(text)
		for _, mode := range []plan.Mode{plan.Names, plan.Explicit} {
			p, err := plan.New(cmds, mode, nil)
			if err == nil {
				err = execute(t, p, cmds)
			}
			var e *wire.Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("error is %v, not a *wire.Error", err)
			}
		}
	})
}

// execute runs a plan whose commands all return their first argument, and
// checks what holds whatever the arguments are.
func execute(t *testing.T, p *plan.Plan, cmds []wire.Command) error {
	t.Helper()
	const limit = 1 << 16
	p.MaxValue = limit
	results, count := make([]codec.Value, len(cmds)), 0
	g := p.Begin()
	for ready := g.Ready(); len(ready) > 0; {
		i := ready[0]
		args, kwargs, _, err := p.Resolve(i, func(j int) codec.Value {
			if !slices.Contains(p.Steps[i].Inputs, j) || !slices.Contains(p.Steps[j].Consumers, i) {
				t.Errorf("step %d takes the result of %d, which is no input of it", i, j)
			}
			return results[j]
		})
		if err != nil {
			return err
		}
		if len(args) != len(cmds[i].Args) || len(kwargs) != len(cmds[i].Kwargs) {
			t.Errorf("step %d has %d arguments and %d keywords", i, len(args), len(kwargs))
		}
		for a, v := range args {
			if size := len(v.Bytes()); size > limit && size > len(cmds[i].Args[a].Bytes()) {
				t.Errorf("argument %d of step %d has %d bytes", a, i, size)
			}
		}
		results[i] = args[0]
		count++
		ready = append(ready[1:], g.Done(i)...)
	}
	if !g.Finished() || count != len(cmds) {
		t.Errorf("%d of %d steps ran", count, len(cmds))
	}
	return nil
}
