package plan_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

func raw(text string) codec.Value { return codec.Raw(codec.JSON{}, []byte(text)) }

func encode(t *testing.T, c codec.Codec, v any) codec.Value {
	t.Helper()
	e, err := codec.Encode(c, v)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// command returns a command whose arguments are JSON texts.
func command(name, function string, args ...string) wire.Command {
	c := wire.Command{Name: name, Function: function}
	for _, arg := range args {
		c.Args = append(c.Args, raw(arg))
	}
	return c
}

func with(c wire.Command, key, text string) wire.Command {
	if c.Kwargs = maps.Clone(c.Kwargs); c.Kwargs == nil {
		c.Kwargs = map[string]codec.Value{}
	}
	c.Kwargs[key] = raw(text)
	return c
}

// refer adds an explicit reference to c.
func refer(c wire.Command, pointer, to string, path ...string) wire.Command {
	if c.Refs = maps.Clone(c.Refs); c.Refs == nil {
		c.Refs = map[string]wire.Ref{}
	}
	c.Refs[pointer] = wire.Ref{Command: to, Path: path}
	return c
}

// call is what the functions of the tests do: echo returns its argument,
// echos a list of them, kw its keyword arguments in order.
func call(function string, args []codec.Value, kwargs map[string]codec.Value) codec.Value {
	var items []string
	switch function {
	case "echo":
		return args[0]
	case "echos":
		for _, arg := range args {
			items = append(items, string(arg.Bytes()))
		}
		return raw("[" + strings.Join(items, ",") + "]")
	case "bait":
		return raw(`["b","c","b.0"]`)
	case "kw":
		for _, key := range slices.Sorted(maps.Keys(kwargs)) {
			items = append(items, fmt.Sprintf("%q:%s", key, kwargs[key].Bytes()))
		}
		return raw("{" + strings.Join(items, ",") + "}")
	}
	panic("no function " + function)
}

// run executes a request as an executor would, and returns what it answers.
func run(p *plan.Plan, cmds []wire.Command) (map[string]string, error) {
	results := make([]codec.Value, len(cmds))
	g := p.Begin()
	for ready := g.Ready(); len(ready) > 0; {
		i := ready[0]
		args, kwargs, _, err := p.Resolve(i, func(j int) codec.Value { return results[j] })
		if err != nil {
			return nil, err
		}
		results[i] = call(cmds[i].Function, args, kwargs)
		ready = append(ready[1:], g.Done(i)...)
	}
	if !g.Finished() {
		return nil, errors.New("steps are left that never became ready")
	}
	answer := map[string]string{}
	for _, i := range p.Results {
		answer[cmds[i].Name] = string(results[i].Bytes())
	}
	return answer, nil
}

// answers runs a request and compares its answer.
func answers(t *testing.T, cmds []wire.Command, mode plan.Mode, wanted []string, want map[string]string) {
	t.Helper()
	p, err := plan.New(cmds, mode, wanted)
	if err != nil {
		t.Fatal(err)
	}
	got, err := run(p, cmds)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// refused checks err's code and details, and that its message has each part.
func refused(t *testing.T, err error, code wire.Code, details map[string]any, parts ...string) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, not a *wire.Error", err)
	}
	if e.Code != code {
		t.Errorf("code is %d, want %d: %s", e.Code, code, e.Message)
	}
	if diff := cmp.Diff(details, e.Details); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
	for _, part := range parts {
		if !strings.Contains(e.Message, part) {
			t.Errorf("message %q lacks %q", e.Message, part)
		}
	}
}

type details = map[string]any
