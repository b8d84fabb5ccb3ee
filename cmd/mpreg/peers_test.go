package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

// membersJSON is an answer of mpreg.peers: with all fields and one more, with
// the fewest, and with null for what is not known. The second one answered.
const membersJSON = `[
{"id":"03","name":"beta","incarnation":3,"state":"alive","since":"2026-05-04T10:00:00Z","urls":["ws://10.0.0.2:6747","wss://beta.example.com/mpreg"],
 "resources":["dataset-v2","gpu","rows"],"functions":[
  {"name":"predict","locs":["gpu"],"signature":"(string) float64","doc":"Predicts."},
  {"name":"train","locs":[],"signature":"(string, main.settings) bool"},
  {"name":"train","locs":["big","gpu"],"signature":"(string, main.settings) bool"},
  {"name":"vectors","locs":[],"signature":"(...float64) []float64"}],"load":17,"version":4,"mood":"good"},
{"id":"02","name":"zeta"},
{"id":"05","name":"alpha","state":"suspect","since":"2026-05-04T11:59:57.5Z","urls":[],"resources":null,"functions":[
  {"name":"train","locs":["big","gpu"],"signature":"(string) bool"},{"name":"predict","locs":["gpu"],"signature":"(string) float64"}],"load":0},
{"id":"04","name":"alpha","state":"dead","since":"2026-05-01T11:00:00Z","urls":["ws://10.0.0.4:6747"],"load":null,
 "functions":[{"name":"gone","locs":[],"signature":"()"}]}]`

func parseMembers(t *testing.T) (list []member) {
	t.Helper()
	if err := json.Unmarshal([]byte(membersJSON), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPeersTable(t *testing.T) {
	for wide, want := range map[bool]string{
		false: `NAME   STATE    URLS                   FUNCTIONS        RESOURCES      LOAD  AGE
beta*  alive    ws://10.0.0.2:6747,+1  predict[gpu],+3  dataset-v2,+2  17    2h
alpha  dead     ws://10.0.0.4:6747     gone             -              -     3d
alpha  suspect  -                      +2               -              0     2s
zeta   -        -                      -                -              -     -
`,
		true: `NAME   STATE    URLS                                             FUNCTIONS                                  RESOURCES            LOAD  AGE
beta*  alive    ws://10.0.0.2:6747,wss://beta.example.com/mpreg  predict[gpu],train,train[big,gpu],vectors  dataset-v2,gpu,rows  17    2h
alpha  dead     ws://10.0.0.4:6747                               gone                                       -                    -     3d
alpha  suspect  -                                                train[big,gpu],predict[gpu]                -                    0     2s
zeta   -        -                                                -                                          -                    -     -
`,
	} {
		var out bytes.Buffer
		now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
		if err := peersTable(parseMembers(t), now).write(&out, wide); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("wide %t (-want +got):\n%s", wide, diff)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		-time.Hour:                      "0s",
		time.Second - 1:                 "0s",
		time.Minute - 1:                 "59s",
		time.Minute:                     "1m",
		time.Hour - 1:                   "59m",
		time.Hour:                       "1h",
		48*time.Hour - 1:                "47h",
		48 * time.Hour:                  "2d",
		400*24*time.Hour + 23*time.Hour: "400d",
	} {
		if got := age(now.Add(-d), now); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	if got := age(time.Time{}, now); got != "" {
		t.Errorf("a time that is not known: %q", got)
	}
}

// TestPeers: what a node lists of itself is shown, and in JSON as it came.
func TestPeers(t *testing.T) {
	url := startNode(t, functions)
	got := execute(t.Context(), "", "peers", "--url", url, "--wide")
	lines := strings.Split(got.out, "\n")
	if got.status != exitOK || got.err != "" || len(lines) != 3 {
		t.Fatalf("%+v, want a title and a line", got)
	}
	want := "node-1* alive " + url + " fail,refuse,scale,where,where[gpu],where[-1],where[data, v2,gpu] -"
	if line := strings.Join(strings.Fields(lines[1]), " "); !strings.HasPrefix(line, want) {
		t.Errorf("got  %s\nwant %s", line, want)
	}

	called := execute(t.Context(), "", "call", "--url", url, "-o", "json", "mpreg.peers")
	got = execute(t.Context(), "", "peers", "--url", url, "-o", "json")
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(called.out), "", "  "); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(outcome{exitOK, indented.String(), ""}, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("in JSON (-want +got):\n%s", diff)
	}
}

// TestNode: --node has the call executed by that node, which need not be the one
// at the URL.
func TestNode(t *testing.T) {
	first, stopFirst := serve(t, "--port", "0", "--name", "first", "--log-level", "error")
	_, stopSecond := serve(t, "--port", "0", "--name", "second", "--peers", first, "--log-level", "error")
	client := mpreg.NewClient(first, mpreg.Timeout(30*time.Second))
	defer client.Close()
	eventually(t, "the first knows the second", func() bool {
		members, err := mpreg.Call[[]mpreg.Member](t.Context(), client, "mpreg.peers")
		return err == nil && len(members) == 2
	})
	for _, args := range [][]string{{"status"}, {"call", "mpreg.status"}} {
		got := execute(t.Context(), "", append(args, "--url", first, "--node", "second", "-o", "json")...)
		var s status
		if err := json.Unmarshal([]byte(got.out), &s); err != nil || got.status != exitOK || s.Node != "second" {
			t.Errorf("%q: %+v, %v", args, got, err)
		}
	}
	got := execute(t.Context(), "", "peers", "--url", first, "--node", "second")
	if !strings.Contains(got.out, "\nsecond* ") || !strings.Contains(got.out, "\nfirst ") {
		t.Errorf("the peers of the second: %+v", got)
	}
	hint := "mpreg peers --url " + first + " lists the nodes, and what each of them offers"
	failed := parseFailure(t, exitNotExecuted, execute(t.Context(), "", "call", "--url", first, "--node", "third", "-o", "json", "echo", "1"))
	if failed.Error.Name != "not_found" || failed.Error.Hint != hint {
		t.Errorf("a call on a node that is not known: %+v, want not_found and the hint %q", failed, hint)
	}
	for _, stop := range []func() (int, string){stopSecond, stopFirst} {
		if status, log := stop(); status != exitOK {
			t.Errorf("status %d:\n%s", status, log)
		}
	}
}
