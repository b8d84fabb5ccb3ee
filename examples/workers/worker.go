package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// stopTimeout is what a worker has to end once its node is gone.
const stopTimeout = 10 * time.Second

// worker is a process that offers functions to the node.
type worker struct {
	name   string
	cmd    *exec.Cmd
	stderr bytes.Buffer
	end    context.CancelFunc // kills it
}

// startWorker starts a worker, and returns when its functions are offered.
func startWorker(ctx context.Context, name string, args []string) (*worker, error) {
	w := &worker{name: name}
	// Its life is that of its link to the node, and only if that does not end it,
	// of a context: so that it is not killed in the midst of what it does.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	w.end = end
	w.cmd = exec.CommandContext(life, args[0], args[1:]...) //nolint:gosec // the interpreters that language.go knows
	w.cmd.Stderr = &w.stderr
	stdout, err := w.cmd.StdoutPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		end()
		return nil, fmt.Errorf("start the worker in %s: %w", name, err)
	}
	defer context.AfterFunc(ctx, end)() // until it has started
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil && line == "ADDED\n" {
		return w, nil
	}
	end()
	_ = w.cmd.Wait() // was killed, or has said why on its standard error
	if ctx.Err() != nil {
		return nil, fmt.Errorf("start the worker in %s: %w", name, ctx.Err())
	}
	return nil, fmt.Errorf("the worker in %s did not start: %s", name, strings.TrimSpace(line+w.stderr.String()))
}

// wait waits for the end of a worker whose node is gone.
func (w *worker) wait() error {
	defer time.AfterFunc(stopTimeout, w.end).Stop()
	defer w.end()
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("the worker in %s ended: %w: %s", w.name, err, strings.TrimSpace(w.stderr.String()))
	}
	return nil
}
