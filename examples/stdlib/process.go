package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// stopTimeout is what a process has to drain before it is killed: more than it
// takes for that itself.
const stopTimeout = 2 * drainTimeout

// process is a node in a process of its own: this program, started again.
type process struct {
	name, url string
	cmd       *exec.Cmd
	life      context.Context // ends when the process is told to stop
	stop      context.CancelFunc
	ended     chan struct{} // closed by who waited for the process
	err       error         // how it ended; nil if as it was told
}

// startProcess starts a node and returns once it serves. Who calls it must wait
// for the process. If ctx ends before, the start fails.
func startProcess(ctx context.Context, name string, peers, packages []string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, ended: make(chan struct{})}
	p.life, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer context.AfterFunc(ctx, p.stop)()

	args := append([]string{"-node", name, "-peers", strings.Join(peers, ",")}, packages...)
	p.cmd = exec.CommandContext(p.life, program, args...) //nolint:gosec // it is this program
	p.cmd.Stderr = os.Stderr
	p.cmd.WaitDelay = stopTimeout
	stdin, inErr := p.cmd.StdinPipe() // open until the process has ended: nodeMain says what for
	stdout, outErr := p.cmd.StdoutPipe()
	p.cmd.Cancel = func() error { return terminate(p.cmd.Process, stdin) }
	err = errors.Join(inErr, outErr, ctx.Err())
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = stdin.Close() // it may still live
		p.wait()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("start %s: %w", name, context.Cause(ctx))
		}
		return nil, p.err // its own standard error says why
	}
	p.url = strings.TrimSpace(line)
	return p, nil
}

// terminate tells a process to drain and to end. Where there is no SIGTERM, the
// end of its standard input says the same.
func terminate(p *os.Process, stdin io.Closer) error {
	if runtime.GOOS == "windows" {
		return stdin.Close()
	}
	return p.Signal(syscall.SIGTERM)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// wait waits until the process has ended, and notes how.
func (p *process) wait() {
	err := p.cmd.Wait()
	told := p.life.Err()
	p.stop()
	switch {
	case told != nil && (err == nil || errors.Is(err, told)): // it drained
	case err == nil:
		p.err = fmt.Errorf("%s, PID %d, ended, and nobody had told it to", p.name, p.pid())
	default:
		p.err = fmt.Errorf("%s, PID %d, ended: %w", p.name, p.pid(), err)
	}
}
