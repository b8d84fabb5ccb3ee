// Package graphtest holds what a node answers to random call graphs, over JSON,
// against a model that follows docs/PROTOCOL.md and knows nothing of the code.
package graphtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a node whose functions count how often they ran, and a connection to it.
type node struct {
	ws    *testkit.Socket
	asked int // requests

	mu  sync.Mutex
	ran map[string]int // commands, by their request's header "number"
}

func start(t *testing.T) *node {
	t.Helper()
	n := &node{ran: map[string]int{}}
	s := testkit.Serve(t, mpreg.Config{})
	for name, fn := range map[string]any{
		"id":       func(ctx context.Context, x mpreg.Value) mpreg.Value { n.count(ctx); return x },
		"decoded":  func(ctx context.Context, x any) any { n.count(ctx); return x },
		"list":     func(ctx context.Context, x ...mpreg.Value) []mpreg.Value { n.count(ctx); return x },
		"keywords": func(ctx context.Context, x any, k mpreg.Kwargs) []any { n.count(ctx); return []any{x, k} },
	} {
		testkit.Must(t, s.Register(name, fn))
	}
	n.ws = testkit.Dial(t, s.URL(), websocket.Dialer{})
	return n
}

func (n *node) count(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ran[mpreg.InfoFromContext(ctx).Headers["number"]]++
}

// counted returns how many commands of the latest request have run. Those of one that
// failed may still be on their way out, which is why they are counted by request.
func (n *node) counted() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ran[strconv.Itoa(n.asked)]
}

// answer is a response as anybody reads it.
type answer struct {
	U     string         `json:"u"`
	R     map[string]any `json:"r"`
	Error *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Details map[string]any `json:"details"`
	} `json:"error"`
	Levels []struct {
		Results map[string]any `json:"level_results"`
	} `json:"intermediate_results"`
}

// ask sends a request with these members, and returns its answer.
func (n *node) ask(t *rapid.T, members string) answer {
	n.asked++
	n.ws.Send(fmt.Sprintf(`{"role":"rpc","u":"7","headers":{"number":"%d"},%s}`, n.asked, members))
	text := n.ws.Next()
	var a answer
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil || a.U != "7" {
		t.Fatalf("%v: %s", err, text)
	}
	return a
}

// TestGraphs: the node answers as the model does, and refuses what it refuses before
// anything has run.
func TestGraphs(t *testing.T) {
	n := start(t)
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		members := r.write(rapid.Bool().Draw(t, "escaped"))
		a := n.ask(t, members)
		switch want := r.run(); {
		case want.refusal != "":
			if a.Error == nil || a.Error.Code != int(mpreg.InvalidRequest) || a.Error.Details["executed"] != "no" || n.counted() != 0 {
				t.Fatalf("want a refusal (%s), got %+v, and %d commands ran: %s", want.refusal, a, n.counted(), members)
			}
		case len(want.lacking) > 0:
			if a.Error == nil || a.Error.Code != int(mpreg.InvalidArgument) || !want.lacking[fmt.Sprint(a.Error.Details["command"])] {
				t.Fatalf("want an error of one of %v, got %+v: %s", want.lacking, a, members)
			}
		case a.Error != nil:
			t.Fatalf("%+v: %s", a.Error, members)
		default:
			if diff := cmp.Diff(want.results, a.R); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", members, diff)
			}
			var levels []map[string]any
			for _, l := range a.Levels {
				levels = append(levels, l.Results)
			}
			if diff := cmp.Diff(want.levels, levels); diff != "" {
				t.Fatalf("levels of %s (-want +got):\n%s", members, diff)
			}
			if n.counted() != len(r.commands) {
				t.Fatalf("%d commands ran: %s", n.counted(), members)
			}
		}
	})
}
