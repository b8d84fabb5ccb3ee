package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// observed collects what an observer is told until the end of one request.
func observed(t *testing.T, events <-chan mpreg.Event) []mpreg.Event {
	t.Helper()
	var list []mpreg.Event
	for {
		select {
		case e := <-events:
			list = append(list, e)
			if e.Kind == mpreg.RequestEnded {
				return list
			}
		case <-t.Context().Done():
			t.Fatalf("after %v: %v", list, t.Context().Err())
		}
	}
}

// TestObserver: observers are told of a request and its commands in the order
// in which they happen, with how long, how large, and why it failed.
func TestObserver(t *testing.T) {
	events, copies := make(chan mpreg.Event, 64), make(chan mpreg.Event, 64)
	s := testkit.Serve(t, mpreg.Config{Name: "n1"},
		mpreg.WithObserver(func(_ context.Context, e mpreg.Event) { events <- e }),
		mpreg.WithObserver(func(_ context.Context, e mpreg.Event) { copies <- e }))
	testkit.RegisterFunctions(t, &s.Registry)
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	address := ws.LocalAddr().String()
	for _, row := range []struct{ message, want string }{
		{
			testkit.Request(`{"name":"x","fun":"echo","args":["four"]}`),
			`request_started; x echo started; x echo finished 6 bytes; request_ended`,
		},
		{
			testkit.Request(`{"name":"b","fun":"echo","args":["a"]},{"name":"a","fun":"add","args":[50,50]}`),
			`request_started; a add started; a add finished 3 bytes; b echo started; b echo finished 3 bytes; request_ended`,
		},
		{
			testkit.Request(`{"name":"b","fun":"echo","args":["a"]},{"name":"a","fun":"fail"}`),
			`request_started; a fail started; a fail failed (failed "a" "fail" yes); request_ended (failed "a" "fail" yes)`,
		},
		{
			testkit.Request(`{"name":"a","fun":"nope"}`),
			`request_started; a nope started; a nope failed (not_found "a" "nope" no); request_ended (not_found "a" "nope" no)`,
		},
		{
			testkit.Request(`{"name":"a","fun":"panic"}`),
			`request_started; a panic started; a panic failed (internal "a" "panic" yes); request_ended (internal "a" "panic" yes)`,
		},
	} {
		ws.Send(row.message)
		ws.Receive()
		list := observed(t, events)
		var told []string
		var last mpreg.Event
		started := make(map[string]time.Time) // by command; of the request under ""
		for _, e := range list {
			if e.Request != "7" || e.Peer != address || e.Node != "n1" {
				t.Errorf("%s: %s is about request %q of %q on %q", row.message, e.Kind, e.Request, e.Peer, e.Node)
			}
			if e.Time.Before(last.Time) || e.Time.IsZero() {
				t.Errorf("%s: %s at %v, after %s at %v", row.message, e.Kind, e.Time, last.Kind, last.Time)
			}
			switch e.Kind {
			case mpreg.RequestStarted, mpreg.CommandStarted:
				started[e.Command] = e.Time
				if e.Duration != 0 {
					t.Errorf("%s: %s took %v", row.message, e.Kind, e.Duration)
				}
			case mpreg.CommandFinished, mpreg.CommandFailed:
				if took := e.Time.Sub(started[e.Command]); e.Duration != took {
					t.Errorf("%s: %s took %v, want %v", row.message, e.Kind, e.Duration, took)
				}
			case mpreg.RequestEnded:
				if e.Duration < last.Duration {
					t.Errorf("%s: the request took %v, and its last command %v", row.message, e.Duration, last.Duration)
				}
			}
			last = e
			told = append(told, tell(e))
		}
		if diff := cmp.Diff(row.want, strings.Join(told, "; ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.message, diff)
		}
		if diff := cmp.Diff(list, observed(t, copies), cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" {
			t.Errorf("%s: the second observer (-first +second):\n%s", row.message, diff)
		}
	}
	ws.Send(testkit.Request(`{"name":"a","fun":"echo","args":["a","b"],"refs":7}`)) // refused as a whole: nothing happened
	ws.Receive()
	if _, err := s.Client().Call(t.Context(), "echo", 1); err != nil {
		t.Error(err)
	}
	if list := observed(t, events); len(list) != 4 || list[0].Peer != "" {
		t.Errorf("within the node: %v", list)
	}
}

// tell writes down what is the same in every run.
func tell(e mpreg.Event) string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Command, e.Function, e.Kind))
	if e.Bytes != 0 {
		text += fmt.Sprintf(" %d bytes", e.Bytes)
	}
	if e.Err != nil {
		var err *mpreg.Error
		if !errors.As(e.Err, &err) {
			return fmt.Sprintf("%s: %T", text, e.Err)
		}
		text += fmt.Sprintf(" (%s %q %q %s)", err.Code.String(), err.Command, err.Function, err.Executed)
	}
	return text
}
