package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

type callCommand struct {
	target
	Loc  []string `sep:"none" placeholder:"L" help:"Call a node that offers the function with this loc; may be repeated."`
	Kw   []string `sep:"none" placeholder:"K=JSON" help:"A keyword argument; may be repeated. What is not JSON is a string."`
	Fun  string   `arg:"" help:"The function's name."`
	Args []string `arg:"" optional:"" name:"arg" help:"Arguments, side by side: JSON, or else strings. After -- they may begin with a hyphen."`
}

// Run makes the call.
func (c *callCommand) Run(ctx context.Context, std stdio) error {
	args, err := c.arguments()
	if err != nil {
		return usageError{err}
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	var result mpreg.Value
	err = c.patiently(ctx, client, func(ctx context.Context) (err error) {
		result, err = client.With(mpreg.At(c.Loc...)).Call(ctx, c.Fun, args...)
		return err
	})
	if err != nil {
		return c.failed(err, false)
	}
	return c.printValue(std.out, result)
}

// arguments returns what to call with: the positional arguments and, last, the
// keyword arguments if there are any.
func (c *callCommand) arguments() ([]any, error) {
	args := make([]any, 0, len(c.Args)+1)
	for _, arg := range c.Args {
		args = append(args, argument(arg))
	}
	if len(c.Kw) == 0 {
		return args, nil
	}
	kwargs := make(mpreg.Kwargs, len(c.Kw))
	for _, kw := range c.Kw {
		key, value, ok := strings.Cut(kw, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--kw %s: write it as name=value", kw)
		}
		if _, ok := kwargs[key]; ok {
			return nil, fmt.Errorf("--kw %s: this keyword is given twice", key)
		}
		kwargs[key] = argument(value)
	}
	return append(args, kwargs), nil
}

// argument is JSON as it was typed, so that numbers keep every digit, or else
// a string.
func argument(arg string) any {
	if json.Valid([]byte(arg)) {
		return codec.Raw(codec.JSON{}, []byte(arg))
	}
	return arg
}
