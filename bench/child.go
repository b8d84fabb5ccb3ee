package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// childVariable is set in the environment of a process that is to be a node and
// nothing else: what it takes then is not mixed with what its callers take.
const childVariable = "BENCH_CHILD"

// child is a node in a process of its own.
type child struct {
	url   string
	cmd   *exec.Cmd
	alive io.Closer // its standard input: it ends when that does
}

// startChild starts this program once more, as a node.
func startChild(ctx context.Context) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program) //nolint:gosec // itself
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, alive: in}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, closedBecause(fmt.Errorf("the serving process did not say where it is: %w", err), c)
	}
	c.url = strings.TrimSpace(line)
	return c, nil
}

// Close ends the process and waits for it.
func (c *child) Close() error {
	_ = c.alive.Close() // of a process that has ended already it fails
	return c.cmd.Wait()
}

// connect returns a client that is connected to the node.
func (c *child) connect(ctx context.Context) (*mpreg.Client, error) {
	client := mpreg.NewClient(c.url, mpreg.WithCodec(codec.CBOR{}), mpreg.WithLogger(logger))
	if err := client.Ready(ctx); err != nil {
		return nil, closedBecause(err, client)
	}
	return client, nil
}

// beChild is what a serving process does: it says where it is, and serves until
// its parent wants no more or is gone.
func beChild(ctx context.Context, in io.Reader, out io.Writer) error {
	n, err := startNode(ctx, mpreg.Config{}, codec.CBOR{}, registerOverload)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, n.URL()); err != nil {
		return closedBecause(err, n)
	}
	_, err = io.Copy(io.Discard, in)
	return closedBecause(err, n)
}
