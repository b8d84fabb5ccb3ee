package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// serve starts "mpreg serve ARGS" in this process and returns its URL and what
// ends it: a function that returns the exit status and the log.
func serve(t *testing.T, args ...string) (nodeURL string, stop func() (int, string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	var log bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		defer stdout.Close()
		ended <- run(ctx, append([]string{"serve"}, args...), stdio{out: stdout, err: &log})
	}()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("no first line: %v; status %d, standard error:\n%s", err, <-ended, log.String())
	}
	return strings.TrimSuffix(line, "\n"), func() (int, string) {
		t.Helper()
		cancel()
		rest, err := io.ReadAll(lines)
		if err != nil || len(rest) > 0 {
			t.Errorf("after the URL came %q, %v", rest, err)
		}
		return <-ended, log.String()
	}
}

func TestServe(t *testing.T) {
	t.Setenv("MPREG_NAME", "from-the-environment")
	t.Setenv("MPREG_RESOURCES", "disk")
	nodeURL, stop := serve(t, "--port", "0", "--name", "from-a-flag", "--cluster-id", "blue", "--log-format", "json", "--log-level", "debug")
	u, err := url.Parse(nodeURL)
	if err != nil || u.Scheme != "ws" || u.Hostname() != "127.0.0.1" || u.Port() == "" || u.Port() == "0" {
		t.Errorf("the first line is %q, %v; want a ws URL on 127.0.0.1 with the port that was picked", nodeURL, err)
	}
	if got := execute(t.Context(), "", "call", "--url", nodeURL, "--loc", "disk", "echo", "1"); got != (outcome{exitOK, "1\n", ""}) {
		t.Errorf("a call with a loc from the environment: %+v", got)
	}
	refused := parseFailure(t, exitNotExecuted, execute(t.Context(), "", "call", "--url", nodeURL, "-o", "json", "nothing"))
	if got, want := refused.Error.Details.Node, "from-a-flag"; got != want {
		t.Errorf("the node is called %q, want %q", got, want)
	}

	status, log := stop()
	if status != exitOK {
		t.Errorf("status %d, want %d", status, exitOK)
	}
	if log == "" {
		t.Error("at level debug the log is empty")
	}
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("with --log-format json the log has %q", line)
		}
	}
}

func TestServeFlagsOverrideEnvironment(t *testing.T) {
	t.Setenv("MPREG_RESOURCES", "disk")
	nodeURL, stop := serve(t, "--port", "0", "--resources", "gpu,dataset-v2", "--log-level", "error")
	if got := execute(t.Context(), "", "call", "--url", nodeURL, "--loc", "gpu", "--loc", "dataset-v2", "echo", "1"); got != (outcome{exitOK, "1\n", ""}) {
		t.Errorf("a call with the flag's locs: %+v", got)
	}
	refused := parseFailure(t, exitNotExecuted, execute(t.Context(), "", "call", "--url", nodeURL, "-o", "json", "--loc", "disk", "echo", "1"))
	if refused.Error.Name != "not_found" {
		t.Errorf("a call with the environment's loc ended with %+v, want not_found", refused)
	}
	if status, log := stop(); status != exitOK || log != "" {
		t.Errorf("status %d, log %q; want %d and, at level error, none", status, log, exitOK)
	}
}

// TestServeAdvertises: others are told the URLs of the flag, and the first is the
// one that is printed.
func TestServeAdvertises(t *testing.T) {
	t.Setenv("MPREG_ADVERTISED_URLS", "ws://from.the.environment:1")
	port := unusedPort(t)
	advertised := []string{"wss://nodes.example.com/one", "ws://127.0.0.1:" + port}
	first, stop := serve(t, "--port", port, "--name", "one", "--advertise", strings.Join(advertised, ","), "--log-level", "error")
	if first != advertised[0] {
		t.Errorf("the first line is %q, want %q", first, advertised[0])
	}
	got := execute(t.Context(), "", "peers", "--url", advertised[1], "-o", "json")
	var members []member
	if err := json.Unmarshal([]byte(got.out), &members); err != nil || len(members) != 1 || !slices.Equal(members[0].URLs, advertised) {
		t.Errorf("%+v, %v; want one member with the URLs %q", got, err, advertised)
	}
	if status, log := stop(); status != exitOK {
		t.Errorf("status %d, log %q; want %d", status, log, exitOK)
	}
}

// TestServeUnreachable: who asks such a node reaches it, but others are told no
// URL.
func TestServeUnreachable(t *testing.T) {
	nodeURL, stop := serve(t, "--port", "0", "--unreachable", "--log-level", "error")
	got := execute(t.Context(), "", "peers", "--url", nodeURL, "-o", "json")
	var members []member
	if err := json.Unmarshal([]byte(got.out), &members); err != nil || len(members) != 1 || len(members[0].URLs) > 0 {
		t.Errorf("%+v, %v; want one member without URLs", got, err)
	}
	if status, log := stop(); status != exitOK {
		t.Errorf("status %d, log %q; want %d", status, log, exitOK)
	}
}

func TestServeCannotStart(t *testing.T) {
	t.Run("bad environment", func(t *testing.T) {
		t.Setenv("MPREG_PORT", "http")
		got := execute(t.Context(), "", "serve")
		if got.status != exitUsage || got.out != "" || !strings.Contains(got.err, "MPREG_PORT") {
			t.Errorf("%+v, want status %d and an error that names MPREG_PORT", got, exitUsage)
		}
	})
	t.Run("port in use", func(t *testing.T) {
		var lc net.ListenConfig
		taken, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		_, port, _ := net.SplitHostPort(taken.Addr().String())
		got := execute(t.Context(), "", "serve", "--port", port)
		if got.status != exitFailed || got.out != "" || !strings.Contains(got.err, "127.0.0.1:"+port) {
			t.Errorf("%+v, want status %d and an error that names the address", got, exitFailed)
		}
	})
	t.Run("nobody reads the URL", func(t *testing.T) {
		var stderr bytes.Buffer
		status := run(t.Context(), []string{"serve", "--port", "0", "--log-level", "error"}, stdio{out: brokenPipe{}, err: &stderr})
		if want := "mpreg: printing the node's URL: broken pipe\n"; status != exitFailed || stderr.String() != want {
			t.Errorf("status %d, standard error %q; want %d, %q", status, stderr.String(), exitFailed, want)
		}
	})
}
