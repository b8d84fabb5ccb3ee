package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/mpreg/mpreg"
)

type runCommand struct {
	target
	File string `arg:"" placeholder:"FILE" help:"A JSON file with {\"cmds\":[...]} as on the wire; - is standard input."`
}

// Run reads the request, runs it and prints its results as one object.
func (c *runCommand) Run(ctx context.Context, std stdio) error {
	data, err := c.read(ctx, std.in)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("reading the request: %w", ctx.Err())
	case err != nil:
		return usageError{fmt.Errorf("reading the request: %w", err)}
	}
	request, err := mpreg.ParseRequest(data)
	if err != nil {
		return c.failed(err, true)
	}
	response, err := c.do(ctx, request, true)
	if err != nil {
		return err
	}
	return c.printResponse(std.out, response)
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
