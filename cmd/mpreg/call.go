package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

type callCommand struct {
	Loc    []string `sep:"none" placeholder:"L" help:"Call a node that offers the function with this loc; may be repeated."`
	Kw     []string `sep:"none" placeholder:"K=JSON" help:"A keyword argument; may be repeated. What is not JSON is a string."`
	Stream bool     `help:"Print each item of a function that returns a stream on a line of its own as it comes, instead of a list of all at the end."`
	target
	Fun  string   `arg:"" help:"The function's name."`
	Args []string `arg:"" optional:"" name:"arg" help:"The arguments, each JSON or else a string."`
}

// Help shows what the flags don't.
func (*callCommand) Help() string {
	return `An argument that is JSON is passed on as it is, numbers to the last digit. Anything else is a string. What follows -- may begin with a hyphen; negative numbers may do so anyway.

  mpreg call add 1 -2
  mpreg call train '[0.5, 1]' --kw lr=0.1 --loc gpu
  mpreg call echo '"12"'    # the string, not the number
  mpreg call echo -- --help`
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
	client = client.With(mpreg.At(c.Loc...))
	printing := c.printValue
	results := func(ctx context.Context) iter.Seq2[mpreg.Value, error] {
		return func(yield func(mpreg.Value, error) bool) { yield(client.Call(ctx, c.Fun, args...)) }
	}
	if c.Stream {
		printing = c.printItem
		results = func(ctx context.Context) iter.Seq2[mpreg.Value, error] { return client.Stream(ctx, c.Fun, args...) }
	}
	return c.patiently(ctx, client, func(ctx context.Context) error {
		for result, err := range results(ctx) {
			if err != nil {
				return c.failed(err, false)
			}
			if err := printing(std.out, result); err != nil {
				return fmt.Errorf("the function was executed, but its result can't be printed: %w", err)
			}
		}
		return nil
	})
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
