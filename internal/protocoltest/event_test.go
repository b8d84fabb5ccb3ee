package protocoltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestEventFrames: events that were asked for reach their observer in order, and
// before the call returns; those that were not are skipped.
func TestEventFrames(t *testing.T) {
	c, p := clientOf(t, nodeHello("A", 1))
	event := func(id uint64, e *wire.Event) []byte {
		return written(t, func(f *wire.Frame) error { return f.Event(id, e) })
	}
	var events []mpreg.Event
	observed := c.With(mpreg.OnEvent(func(e mpreg.Event) { events = append(events, e) }))
	before := time.Now()
	call := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), observed, "f") })
	id, r := p.request(wire.KindCall)
	if !r.Events || r.Stream {
		t.Errorf("asked for %+v", r)
	}
	p.send(
		event(id, &wire.Event{Name: "f", Function: "f", What: wire.EventStarted, Node: "B", AtMS: 1}),
		event(id, &wire.Event{Name: "f", Function: "f", What: wire.EventFailed, Node: "B", AtMS: 3, DurationMS: 2, Error: &wire.Error{Code: wire.Code(mpreg.Failed), Message: "boom"}}),
		errorFrame(t, id, mpreg.Failed, "boom"),
	)
	if got := testkit.Within(t, "the call", call); !errors.Is(got.Err, mpreg.Failed) {
		t.Errorf("got %v", got.Err)
	}
	if len(events) != 2 {
		t.Fatalf("%d events", len(events))
	}
	for i, want := range []mpreg.EventKind{mpreg.CommandStarted, mpreg.CommandFailed} {
		e := events[i]
		if e.Kind != want || e.Command != "f" || e.Function != "f" || e.NodeID != "B" || e.Node != "" ||
			e.Time.Before(before) || e.Time.After(time.Now().Add(3*time.Millisecond)) {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if e := testkit.AsError(t, events[1].Err); e.Code != mpreg.Failed || e.Message != "boom" || events[1].Duration != 2*time.Millisecond {
		t.Errorf("the failure: %+v", events[1])
	}
	plain := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "f") })
	id, _ = p.request(wire.KindCall)
	p.send(event(id, &wire.Event{Name: "f", Function: "f", What: wire.EventStarted}), resultFrame(t, id, 7))
	if got := testkit.Within(t, "the answer", plain); got.Err != nil || got.Value != 7 {
		t.Errorf("got %+v", got)
	}
}

// TestJSONEvents: who asks for them is told of each step, before the response.
func TestJSONEvents(t *testing.T) {
	var yielded atomic.Int64
	s := streaming(t, &yielded)
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	got := said(ws, `{"role":"rpc","u":"5","events":true,"cmds":[{"name":"a","fun":"add","args":[20,22]},{"name":"b","fun":"nope","args":["a"]}]}`)
	type event struct {
		Role, U, Name, Fun, What, Node string
		Bytes                          int
		Error                          *struct{ Code int }
	}
	var told []string
	for _, text := range got[:len(got)-1] {
		var e event
		testkit.Must(t, json.Unmarshal([]byte(text), &e))
		line := fmt.Sprint(e.Role, " ", e.U, " ", e.Name, " ", e.Fun, " ", e.What, " ", e.Bytes, " ", e.Node == s.ID())
		if e.Error != nil {
			line += fmt.Sprint(" ", e.Error.Code)
		}
		told = append(told, line)
	}
	want := []string{
		"rpc-event 5 a add started 0 true", "rpc-event 5 a add finished 2 true",
		"rpc-event 5 b nope started 0 false", "rpc-event 5 b nope failed 0 false 1001",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}
