package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

// peersOf returns what "mpreg peers" shows of each member, by name: state, URLs,
// functions and resources.
func peersOf(t *testing.T, url string) map[string]string {
	t.Helper()
	got := execute(t.Context(), "", "peers", "--url", url, "--wide", "--timeout", "30s")
	if got.status != exitOK || got.err != "" {
		t.Fatalf("mpreg peers --url %s: %+v", url, got)
	}
	shown := make(map[string]string)
	for i, line := range strings.Split(strings.TrimSuffix(got.out, "\n"), "\n") {
		words := strings.Fields(line)
		if len(words) != 7 {
			t.Fatalf("%d columns, want 7: %s", len(words), line)
		}
		if i > 0 {
			shown[strings.TrimSuffix(words[0], "*")] = strings.Join(words[1:5], " ")
		}
	}
	return shown
}

// shows waits until "mpreg peers" of a node shows exactly these members. Of what
// it shows of each only the beginning has to be as wanted: nothing says that the
// functions of one that is gone are kept.
func shows(t *testing.T, url string, want map[string]string) {
	t.Helper()
	var got map[string]string
	defer func() {
		if t.Failed() {
			t.Logf("%s shows (-want +got):\n%s", url, cmp.Diff(want, got))
		}
	}()
	eventually(t, "the members that are wanted", func() bool {
		got = peersOf(t, url)
		return maps.EqualFunc(got, want, func(got, want string) bool { return strings.HasPrefix(got+" ", want+" ") })
	})
}

// TestMembership: each of three processes, of which two name the first, lists
// all three, and then what a fourth node offers, who left, and who was killed.
func TestMembership(t *testing.T) {
	binary := build(t)
	first := start(t, binary, "--port=0", "--name=first", "--resources=rows,gpu")
	second := start(t, binary, "--port=0", "--name=second", "--peers="+first.url)
	third := start(t, binary, "--port=0", "--name=third", "--resources=disk", "--peers="+first.url)
	want := map[string]string{
		"first":  "alive " + first.url + " - gpu,rows",
		"second": "alive " + second.url + " - -",
		"third":  "alive " + third.url + " - disk",
	}
	for _, p := range []*process{first, second, third} {
		shows(t, p.url, want)
	}

	worker, stop := startWorker(t, first.url)
	want["worker"] = "alive " + worker + " train,train[big,gpu] -"
	for _, p := range []*process{first, second, third} {
		shows(t, p.url, want)
	}
	callThrough(t, third.url)
	stop()
	want["worker"] = "left " + worker
	shows(t, second.url, want)

	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	want["second"] = "left " + second.url
	shows(t, first.url, want)
	shows(t, third.url, want)
	if err := second.Wait(); err != nil {
		t.Errorf("the second ended with %v, want status 0", err)
	}

	third.kill()
	want["third"] = "dead " + third.url
	shows(t, first.url, want)
	var s status
	got := execute(t.Context(), "", "status", "--url", first.url, "-o", "json")
	if err := json.Unmarshal([]byte(got.out), &s); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	counts := map[string]int{"alive": 1, "suspect": 0, "left": 2, "dead": 1}
	if diff := cmp.Diff(counts, s.Members); diff != "" {
		t.Errorf("members by state (-want +got):\n%s", diff)
	}
}

// callThrough checks that a node that names only the first knows what the worker
// offers and reaches it, and reaches the second.
func callThrough(t *testing.T, url string) {
	t.Helper()
	offers := `FUNCTION  LOCS     NODES   SIGNATURE
train     -        worker  (string) bool
train     big,gpu  worker  (string) bool
`
	for _, test := range []struct{ args, want string }{
		{"functions", offers},
		{"call train data --loc gpu", "true\n"},
		{"call echo 1 --node second", "1\n"},
		{"call echo 1 --loc disk", "1\n"},
	} {
		got := execute(t.Context(), "", append(strings.Fields(test.args), "--url", url, "--timeout", "30s")...)
		if diff := cmp.Diff(outcome{exitOK, test.want, ""}, got, cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("mpreg %s (-want +got):\n%s", test.args, diff)
		}
	}
}

// startWorker starts a node in this process that has functions and names a peer.
// It returns the URL, and what stops the node if the end of the test is too late.
func startWorker(t *testing.T, peer string) (url string, stop func()) {
	t.Helper()
	server, err := mpreg.NewServer(mpreg.Config{Name: "worker", Peers: []string{peer}}, mpreg.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for _, locs := range [][]string{nil, {"gpu", "big"}} {
		if err := server.Register("train", func(string) bool { return true }, locs...); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	if err := server.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server.URL(), stop
}
