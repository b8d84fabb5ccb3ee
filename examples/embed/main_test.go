package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mpreg/mpreg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const wantTour = `serving http://ADDR/orders and ws://ADDR/mpreg
GET /health: 200 {"node":"orders","state":"running"}
POST /orders {"product":"tea","quantity":3}: 201 {"id":1,"product":"tea","quantity":3,"cents":960}
POST /orders {"product":"tea","quantity":0}: 400 {"error":"argument 0 is not valid: quantity breaks the rule \"gte=1\""}
POST /orders {"product":"gold","quantity":1}: 404 {"error":"\"gold\" is not sold here"}
orders.place by websocket: number 2, 2 coffee, 900 cents
orders.place by websocket: mpreg: code 2001: "gold" is not sold here (function "orders.place", node "orders", executed)
GET /orders: 200 [{"id":1,"product":"tea","quantity":3,"cents":960},{"id":2,"product":"coffee","quantity":2,"cents":900}]
GET /mpreg: 426 this is an mpreg node: connect with a websocket
`

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, nil); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(out.String(), "ADDR")
	if diff := cmp.Diff(wantTour, got); diff != "" {
		t.Errorf("output (-want +printed):\n%s", diff)
	}
}

// With -serve the service is there until the context ends, and only prints
// where.
func TestRunServe(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, w, []string{"-serve"})
		w.Close()
		ended <- err
	}()

	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err, <-ended)
	}
	where := regexp.MustCompile(`^serving (http://127\.0\.0\.1:\d+)/orders and (ws://127\.0\.0\.1:\d+/mpreg)\n$`).FindStringSubmatch(line)
	if where == nil {
		t.Fatalf("printed %q", line)
	}
	c := newCustomer(t, where[1])
	c.expect("GET", "/orders", "", http.StatusOK, `[]`)
	node := mpreg.NewClient(where[2])
	defer node.Close()
	got, err := mpreg.Call[Receipt](ctx, node, "orders.place", Order{Product: "tea", Quantity: 1})
	if want := (Receipt{ID: 1, Order: Order{Product: "tea", Quantity: 1}, Cents: 320}); err != nil || got != want {
		t.Errorf("orders.place returned %+v, %v, want %+v", got, err, want)
	}

	stop()
	rest, err := io.ReadAll(out)
	if err != nil || len(rest) > 0 {
		t.Errorf("then printed %q, %v", rest, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("run returned %v", err)
	}
}

func TestRunUsage(t *testing.T) {
	tests := []struct {
		args   string
		err    string // what run returns
		output string
	}{
		{"-help", "", usage},
		{"-port 1", "flag provided but not defined: -port\n" + usage, ""},
		{"-serve please", "unexpected argument \"please\"\n" + usage, ""},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			var out bytes.Buffer
			var got string
			if err := run(t.Context(), &out, strings.Fields(test.args)); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff([]string{test.err, test.output}, []string{got, out.String()}); diff != "" {
				t.Errorf("error and output (-want +got):\n%s", diff)
			}
		})
	}
}
