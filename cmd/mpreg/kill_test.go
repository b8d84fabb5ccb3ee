package main

import (
	"bufio"
	"bytes"
	"errors"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
)

// process is a node in a process of its own.
type process struct {
	*exec.Cmd
	url string
}

// start runs "serve" and waits for the URL that it prints.
func start(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	var log bytes.Buffer
	p := &process{Cmd: exec.CommandContext(t.Context(), binary, append([]string{"serve"}, args...)...)}
	p.Stderr = &log
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("no URL: %v; %v\n%s", err, p.Wait(), log.String())
	}
	p.url = strings.TrimSpace(line)
	return p
}

// kill is kill -9: the process gets no chance to say anything.
func (p *process) kill() {
	_ = p.Process.Kill() // SIGKILL; fails if it has ended
	_ = p.Wait()
}

func (p *process) port(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// TestKilledProcess: a node that is killed is out of the others' routes, and back
// by itself when it is started again.
func TestKilledProcess(t *testing.T) {
	binary := build(t)
	first := start(t, binary, "--port=0", "--name=first")
	second := start(t, binary, "--port=0", "--name=second", "--peers="+first.url)
	peers := "--peers=" + first.url + "," + second.url
	third := start(t, binary, "--port=0", "--name=third", "--resources=rows", peers)
	port := third.port(t)

	client := mpreg.NewClient(first.url, mpreg.Timeout(30*time.Second))
	defer client.Close()
	alive := func() []string {
		list, err := mpreg.Call[[]mpreg.Member](t.Context(), client, "list_peers")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range list {
			if m.State == "alive" { // others may be listed for some time
				names = append(names, m.Name)
			}
		}
		return names
	}
	echo := func() error {
		_, err := client.With(mpreg.At("rows")).Call(t.Context(), "echo", 1)
		return err
	}
	eventually(t, "three members", func() bool { return slices.Equal(alive(), []string{"first", "second", "third"}) })
	if err := echo(); err != nil {
		t.Errorf("at the third's resource: %v", err)
	}

	third.kill()
	eventually(t, "the killed one is gone", func() bool { return slices.Equal(alive(), []string{"first", "second"}) })
	eventually(t, "nobody looks for it at its resource", func() bool { return errors.Is(echo(), mpreg.NotFound) })

	// Its peers name it in nothing: it has to come to them.
	start(t, binary, "--port="+port, "--name=third", "--resources=rows", peers)
	eventually(t, "it is back", func() bool { return len(alive()) == 3 })
	if err := echo(); err != nil {
		t.Errorf("after its restart: %v", err)
	}

	// The first is named by both others, which dial it again by themselves.
	client = mpreg.NewClient(second.url, mpreg.Timeout(30*time.Second))
	defer client.Close()
	port = first.port(t)
	first.kill()
	eventually(t, "the first is gone", func() bool { return slices.Equal(alive(), []string{"second", "third"}) })
	start(t, binary, "--port="+port, "--name=first")
	eventually(t, "the first is dialed again", func() bool { return slices.Equal(alive(), []string{"second", "first", "third"}) })
}
