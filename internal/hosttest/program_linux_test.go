package hosttest_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// roleVariable tells a process of this test binary what it is on its host.
const roleVariable = "HOSTTEST_ROLE"

// play is what such a process does until its standard input ends: it does not
// outlive the test, even if that is killed.
func play(role, arg string, in io.Reader, out io.Writer) error {
	switch role {
	case "relay":
		return runRelay(arg, in, out)
	case "greeter":
		return greeter(arg, in, out)
	case "talk":
		return talk(arg, in, out)
	default:
		return fmt.Errorf("no role is called %q", role)
	}
}

// listen says when it listens, and serves each connection until in ends.
func listen(config net.ListenConfig, address string, in io.Reader, out io.Writer, serve func(*net.TCPConn)) error {
	l, err := config.Listen(context.Background(), "tcp4", address)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = l.Close()
	}()
	fmt.Fprintln(out, "listening")
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go serve(conn.(*net.TCPConn))
	}
}

// greeter tells each connection where it comes from, and then repeats what it
// hears.
func greeter(address string, in io.Reader, out io.Writer) error {
	return listen(net.ListenConfig{}, address, in, out, func(conn *net.TCPConn) {
		defer conn.Close()
		fmt.Fprintln(conn, conn.RemoteAddr())
		_, _ = io.Copy(conn, conn)
	})
}

// talk joins in and out to a connection. What ends it is told there too.
func talk(address string, in io.Reader, out io.Writer) error {
	conn, err := net.DialTimeout("tcp4", address, 2*time.Second)
	if err != nil {
		fmt.Fprintln(out, err)
		return err
	}
	go func() {
		_, _ = io.Copy(conn, in)
		_ = conn.Close()
	}()
	_, err = io.Copy(out, conn)
	fmt.Fprintln(out, "ended:", err)
	return err
}

// command is a program on the host. Of this process's environment it gets what
// is not meant for mpreg, and its directory is empty: there is no .env.
func (h *host) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.namespace, program}, args...)...)
	cmd.Dir = h.net.directory
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MPREG_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	return cmd
}

// process is a program that runs on a host until the test ends.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	log   bytes.Buffer // what it wrote to standard error; read after it ended
	ended bool
}

// launch starts a command, which is killed at the test's end.
func launch(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd}
	cmd.Stderr = &p.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewReader(out)
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.log.String())
		}
	})
	return p
}

// kill is kill -9: the process gets no chance to say anything.
func (p *process) kill() {
	if !p.ended {
		p.ended = true
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// line reads a line of the process's standard output. One that does not come
// fails the test, and ends the process.
func (p *process) line() string {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := p.lines.ReadString('\n')
	if err != nil {
		p.kill()
		p.t.Fatalf("%s: no line on standard output: %v\n%s", p.cmd, err, p.log.String())
	}
	return strings.TrimSuffix(line, "\n")
}

// start plays a role of this test binary on the host, and waits until it listens.
func (h *host) start(role, arg string) *process {
	h.t.Helper()
	p := h.role(role, arg)
	if line := p.line(); line != "listening" {
		h.t.Fatalf("the %s on %s says %q", role, h.name, line)
	}
	return p
}

func (h *host) role(role, arg string) *process {
	h.t.Helper()
	binary, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := h.command(h.t.Context(), binary, arg)
	cmd.Env = append(cmd.Env, roleVariable+"="+role)
	return launch(h.t, role+" on "+h.name, cmd)
}

// say writes a line to the process's standard input.
func (p *process) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}
