package main

import (
	"testing"
	"time"

	"github.com/mpreg/mpreg"
)

func TestHint(t *testing.T) {
	const no, yes, maybe = mpreg.ExecutedNo, mpreg.ExecutedYes, mpreg.ExecutedMaybe
	const again, slow = "nothing was executed: it is safe to try again", "give it more time with --timeout"
	plain := target{URL: defaultURL()}
	hurried := target{URL: defaultURL(), Timeout: timeout(time.Second)}
	limit := func(name string) map[string]any { return map[string]any{"limit": name} }
	for _, test := range []struct {
		name   string
		target target
		graph  bool
		err    mpreg.Error
		want   string
	}{
		{"unknown function", plain, false, mpreg.Error{Code: mpreg.NotFound, Function: "f", Executed: no},
			"mpreg functions lists what the cluster offers, with locs"},
		{"arguments don't fit a function with any name", plain, false, mpreg.Error{Code: mpreg.InvalidArgument, Function: "f'; reboot", Node: "n", Executed: no},
			`mpreg describe 'f'\''; reboot' shows its signature`},
		{"with flags", target{URL: "wss://h", CA: "my ca.pem", Token: "secret"}, false, mpreg.Error{Code: mpreg.NotFound, Executed: no},
			"mpreg functions --url wss://h --token TOKEN --ca 'my ca.pem' lists what the cluster offers, with locs"},
		{"unknown function of a node", target{URL: "wss://h", Node: "n"}, false, mpreg.Error{Code: mpreg.NotFound, Function: "f", Executed: no},
			"mpreg peers --url wss://h lists the nodes, and what each of them offers"},
		{"nothing to describe", plain, false, mpreg.Error{Code: mpreg.NotFound, Function: "mpreg.describe", Node: "n", Executed: yes},
			"mpreg functions lists what the cluster offers, with locs"},
		{"a function found nothing", plain, false, mpreg.Error{Code: mpreg.NotFound, Node: "n", Executed: yes}, ""},
		{"arguments don't fit", plain, false, mpreg.Error{Code: mpreg.InvalidArgument, Function: "f", Node: "n", Executed: no},
			"mpreg describe f shows its signature"},
		{"no URL", plain, false, mpreg.Error{Code: mpreg.InvalidArgument, Function: "f", Executed: no},
			"--url or MPREG_URL names the node, --token or MPREG_TOKEN the token"},
		{"a result has no such part", plain, true,
			mpreg.Error{Code: mpreg.InvalidArgument, Function: "f", Node: "n", Executed: no, Details: map[string]any{"reference": "a"}}, ""},
		{"a function does not like it", plain, false, mpreg.Error{Code: mpreg.InvalidArgument, Function: "f", Node: "n", Executed: yes}, ""},
		{"too slow", hurried, false, mpreg.Error{Code: mpreg.DeadlineExceeded, Executed: maybe}, slow},
		{"too slow to connect", hurried, false, mpreg.Error{Code: mpreg.DeadlineExceeded, Executed: no}, slow},
		{"a deadline that is not ours", plain, false, mpreg.Error{Code: mpreg.DeadlineExceeded, Executed: yes}, ""},
		{"the deadline of a call that the function made", hurried, false,
			mpreg.Error{Code: mpreg.DeadlineExceeded, Executed: yes, Details: map[string]any{"cause": map[string]any{}}}, ""},
		{"no token", plain, false, mpreg.Error{Code: mpreg.Unauthenticated, Executed: no}, "give a token with --token or MPREG_TOKEN"},
		{"wrong token", target{Token: "t"}, false, mpreg.Error{Code: mpreg.Unauthenticated, Executed: no},
			"is the token of --token or MPREG_TOKEN the right one?"},
		{"a function was refused", plain, false, mpreg.Error{Code: mpreg.Unauthenticated, Executed: yes}, ""},
		{"panic", plain, false, mpreg.Error{Code: mpreg.Internal, Node: "n", Executed: yes}, "the log of node n has the details"},
		{"fault before the function", plain, false, mpreg.Error{Code: mpreg.Internal, Node: "n", Executed: no}, "the log of node n has the details"},
		{"draining", plain, false, mpreg.Error{Code: mpreg.Unavailable, Node: "n", Executed: no}, again},
		{"draining, of a graph", plain, true, mpreg.Error{Code: mpreg.Unavailable, Node: "n", Executed: no}, again},
		{"no websocket there", plain, false, mpreg.Error{Code: mpreg.Unavailable, Executed: no}, ""},
		{"link lost", plain, false, mpreg.Error{Code: mpreg.Unavailable, Executed: maybe}, ""},
		{"busy", plain, false, mpreg.Error{Code: mpreg.ResourceExhausted, Executed: no, Details: limit("in_flight")}, again},
		{"busy function", plain, false, mpreg.Error{Code: mpreg.ResourceExhausted, Command: "f", Executed: no, Details: limit("max_concurrent")}, again},
		{"busy, and others may have run", plain, true,
			mpreg.Error{Code: mpreg.ResourceExhausted, Command: "f", Executed: no, Details: limit("max_concurrent")}, ""},
		{"message over the limit", plain, false, mpreg.Error{Code: mpreg.ResourceExhausted, Executed: no, Details: limit("message_bytes")}, ""},
		{"answer over the limit", plain, false, mpreg.Error{Code: mpreg.ResourceExhausted, Executed: yes, Details: limit("message_bytes")}, ""},
		{"failed", plain, false, mpreg.Error{Code: mpreg.Failed, Node: "n", Executed: yes}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &callFailure{err: &test.err, target: &test.target, graph: test.graph}
			if got := f.hint(&test.err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
