package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatusText(t *testing.T) {
	for name, test := range map[string]struct{ answer, want string }{
		"all": {
			`{"node":"n1","node_id":"01","cluster_id":"c\u001b1","url":"ws://h:1","state":"draining","uptime_seconds":3725.6,"links":4,"in_flight":2,
			"functions":7,"goroutines":31,"members":{"alive":3,"suspect":0,"dead":1,"left":2,"new":1},"seeds":[],"mood":"good"}`,
			`node        n1
id          01
cluster     c\x1b1
url         ws://h:1
state       draining
uptime      1h2m6s
links       4
in flight   2
functions   7
goroutines  31
members     3 alive, 2 left, 1 dead
`,
		},
		"what is left of calls": {
			`{"node":"n1","leases":{"count":3,"memory_bytes":1023,"disk_bytes":1610612736},"ignoring":{"train":2,"cl\u001b[2Jassify":1}}`,
			`node        n1
uptime      0s
links       0
in flight   0
functions   0
goroutines  0
leases      3, 1023 B in memory, 1.5 GiB on disk
ignoring    cl\x1b[2Jassify: 1 past their deadline or canceled
ignoring    train: 2 past their deadline or canceled
`,
		},
		"leases in memory": {
			`{"node":"n1","leases":{"count":1,"memory_bytes":65536}}`,
			"node        n1\nuptime      0s\nlinks       0\nin flight   0\nfunctions   0\ngoroutines  0\nleases      1, 64.0 KiB in memory\n",
		},
		"the least": {
			`{"node":"n1"}`,
			"node        n1\nuptime      0s\nlinks       0\nin flight   0\nfunctions   0\ngoroutines  0\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s status
			if err := json.Unmarshal([]byte(test.answer), &s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(s.text())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusSeeds(t *testing.T) {
	var s status
	const answer = `{"seeds":[{"url":"ws://10.0.0.1:6747","node":"n1"},
		{"url":"dns+ws://nodes:6747","error":"looking up nodes: no such host, and what a resolver has to say besides","next_attempt_ms":1234.5}]}`
	if err := json.Unmarshal([]byte(answer), &s); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.seeds().write(&out, false); err != nil {
		t.Fatal(err)
	}
	want := `SEED                 NODE  NEXT    ERROR
ws://10.0.0.1:6747   n1    -       -
dns+ws://nodes:6747  -     1.235s  looking up nodes: no such host, and what a r…
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	url := startNode(t, functions)
	got := execute(t.Context(), "", "status", "--url", url)
	for _, want := range []string{"node        node-1\n", "url         " + url + "\n", "state       running\n", "functions   7\n"} {
		if got.status != exitOK || !strings.Contains(got.out, want) {
			t.Errorf("%+v, want a line %q", got, want)
		}
	}
	got = execute(t.Context(), "", "status", "--url", url, "-o", "json")
	if got.status != exitOK || !strings.HasPrefix(got.out, "{\n  \"node\": \"node-1\",\n") || !json.Valid([]byte(got.out)) {
		t.Errorf("in JSON: %+v", got)
	}
}
