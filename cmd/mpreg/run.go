package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

type runCommand struct {
	target
	File string `arg:"" placeholder:"FILE" help:"A JSON file with {\"cmds\":[...]} as on the wire; - is standard input."`
}

// Help shows what the flags don't.
func (*runCommand) Help() string {
	return `A command has a name, a function, and perhaps arguments, keyword arguments and locs. A string that is another command's name stands for that one's result. What nothing refers to is the result of the request:

  {"cmds": [
    {"name": "data", "fun": "load", "args": ["2024"], "locs": ["disk"]},
    {"name": "model", "fun": "train", "args": ["data"], "kwargs": {"lr": 0.1}}
  ]}

docs/PROTOCOL.md has all that a request may say.`
}

// Run reads the request, runs it and prints its results as one object.
func (c *runCommand) Run(ctx context.Context, std stdio) error {
	data, err := c.read(ctx, std.in)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("reading the request: %w", context.Cause(ctx))
	case err != nil:
		return usageError{fmt.Errorf("reading the request: %w", err)}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin a file with it

	request, err := parseRequest(c.name(), data)
	if err != nil {
		return usageError{c.failed(err, true)}
	}
	for _, field := range unknownFields(data) {
		c.warn(std.err, fmt.Sprintf("%s: nothing is known of %s, which has no effect", c.name(), field))
	}
	response, err := c.do(ctx, request, true)
	if err != nil {
		return err
	}
	return c.printResponse(std.out, response)
}

// name is what the request is called in messages.
func (c *runCommand) name() string {
	if c.File == "-" {
		return "standard input"
	}
	return c.File
}

// read returns the whole of the file, or of standard input until ctx ends.
func (c *runCommand) read(ctx context.Context, stdin io.Reader) ([]byte, error) {
	if c.File != "-" {
		return os.ReadFile(c.File)
	}
	type input struct {
		data []byte
		err  error
	}
	whole := make(chan input, 1)
	// Nothing can interrupt a read of a terminal. If ctx ends first, the
	// goroutine is left behind, and the process ends at once anyway.
	go func() {
		data, err := io.ReadAll(stdin)
		whole <- input{data, err}
	}()
	select {
	case in := <-whole:
		return in.data, in.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
