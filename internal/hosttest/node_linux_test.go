package hosttest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// port is that of every node, and the one that gateways translate.
const port = "6747"

// at is where the host's node listens.
func (h *host) at() string { return h.address + ":" + port }

// url is how others reach the host's node.
func (h *host) url() string { return "ws://" + h.at() }

// node is an mpreg process on a host.
type node struct {
	*host
	process *process
}

// serve starts the host's node. Its name is the host's, and also a loc of all its
// functions, so that calls can be meant for it.
func (h *host) serve(resources string, args ...string) *node {
	h.t.Helper()
	if resources != "" {
		resources = "," + resources
	}
	args = append([]string{
		"serve", "--name", h.name, "--host", h.address, "--port", port, "--resources", h.name + resources,
	}, args...)
	n := &node{host: h, process: launch(h.t, "node "+h.name, h.command(h.t.Context(), binary(h.t), args...))}
	if url := n.process.line(); !strings.HasPrefix(url, "ws://") {
		h.t.Fatalf("node %s says %q, want its URL", h.name, url)
	}
	return n
}

func binary(t *testing.T) string {
	t.Helper()
	path, err := mpregBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// mpreg runs the command line against the host's node.
func (n *node) mpreg(input, command string, args ...string) (string, error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	cmd := n.command(ctx, binary(n.t), append([]string{command, "--url", n.url(), "-o", "json"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err, exit.Stderr)
	}
	return string(out), err
}

// members returns the state of each member that the node knows, by name.
func (n *node) members() map[string]string {
	n.t.Helper()
	out, err := n.mpreg("", "peers")
	if err != nil {
		n.t.Fatal(err)
	}
	var list []struct{ Name, State string }
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		n.t.Fatalf("members by %s: %v\n%s", n.name, err, out)
	}
	members := make(map[string]string, len(list))
	for _, m := range list {
		if before, ok := members[m.Name]; ok {
			n.t.Fatalf("%s knows %s twice, as %s and %s", n.name, m.Name, before, m.State)
		}
		members[m.Name] = m.State
	}
	return members
}

// knows is members as a line, sorted by name: "a alive, b dead".
func (n *node) knows() string {
	n.t.Helper()
	members := n.members()
	list := make([]string, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		list = append(list, name+" "+members[name])
	}
	return strings.Join(list, ", ")
}

// await waits until each of the nodes knows what is wanted.
func await(want string, nodes ...*node) {
	for _, n := range nodes {
		n.t.Helper()
		until(n.t, n.name+" knows "+want, func() (string, bool) {
			got := n.knows()
			return got, got == want
		})
	}
}

// reach waits until calls to each of the nodes, by its loc, run there, whichever
// of them is asked. That a node lives is known a moment before what it offers.
func reach(nodes ...*node) {
	want := make([]string, len(nodes))
	for i, n := range nodes {
		want[i] = n.name
	}
	for _, n := range nodes {
		n.t.Helper()
		until(n.t, fmt.Sprintf("calls to %s at %v run there", n.name, want), func() (string, bool) {
			got, err := n.ran(want...)
			return fmt.Sprint(got, err), err == nil && slices.Equal(got, want)
		})
	}
}

// ran calls mpreg.status once at each of the locs, all in one request to n, and
// returns the names of the nodes where it ran.
func (n *node) ran(locs ...string) ([]string, error) {
	n.t.Helper()
	type command struct {
		Name string   `json:"name"`
		Fun  string   `json:"fun"`
		Locs []string `json:"locs"`
	}
	var request struct {
		Cmds []command `json:"cmds"`
	}
	for i, loc := range locs {
		request.Cmds = append(request.Cmds, command{fmt.Sprint("c", i), "mpreg.status", []string{loc}})
	}
	input, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	out, err := n.mpreg(string(input), "run", "-")
	if err != nil {
		return nil, err
	}
	var results map[string]struct{ Node string }
	if err := json.Unmarshal([]byte(out), &results); err != nil {
		return nil, fmt.Errorf("%w in %s", err, out)
	}
	nodes := make([]string, len(locs))
	for i, c := range request.Cmds {
		nodes[i] = results[c.Name].Node
	}
	return nodes, nil
}
