package protocoltest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestLateAnswer: the answer of a call whose time is over does not hit the call
// that has its slot now.
func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dialed := impostorsOf(t, "node")
		first := testkit.Later(func() (string, error) {
			return mpreg.Call[string](context.Background(), c.With(mpreg.Timeout(time.Second)), "f")
		})
		p := welcome(t, dialed["node"], "A")
		late, r := p.request(wire.KindCall)
		if got := r.Timeout(); got != time.Second {
			t.Errorf("the call has %v", got)
		}
		if got := <-first; !errors.Is(got.Err, mpreg.DeadlineExceeded) {
			t.Fatalf("got %+v", got)
		}
		for _, fn := range []string{"g", "h"} {
			second := testkit.Later(func() (string, error) { return mpreg.Call[string](context.Background(), c, fn) })
			id, r := p.request(wire.KindCall)
			if r.Commands[0].Function != fn || id == late || uint32(id) != uint32(late) { // the slot
				t.Fatalf("call %q has the id %#x, after %#x", r.Commands[0].Function, id, late)
			}
			p.send(resultFrame(t, late, "late"), errorFrame(t, late, mpreg.Failed, "late"), resultFrame(t, late+1, "invented"))
			p.send(resultFrame(t, id, fn), resultFrame(t, id, "twice"))
			if got := <-second; got.Err != nil || got.Value != fn {
				t.Fatalf("got %+v", got)
			}
			late = id
		}
	})
}

// TestLateAnswerOfMember is TestLateAnswer between nodes.
func TestLateAnswerOfMember(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	p := memberOf(t, s, nodeHello("A", 1), "far")
	ctx, cancel := context.WithCancel(t.Context())
	first := testkit.Later(func() (string, error) { return mpreg.Call[string](ctx, s.Client(), "far") })
	late, _ := p.request(wire.KindCall)
	cancel()
	if got := testkit.Within(t, "the call ends", first); !errors.Is(got.Err, mpreg.Canceled) {
		t.Fatalf("got %+v", got)
	}
	if id, _ := p.receive(wire.KindCancel); id != late {
		t.Errorf("cancel of %d", id)
	}
	second := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), s.Client(), "far") })
	id, _ := p.request(wire.KindCall)
	p.send(resultFrame(t, late, "late"), resultFrame(t, id, "in time"))
	if got := testkit.Within(t, "the answer", second); got.Err != nil || got.Value != "in time" {
		t.Errorf("got %+v", got)
	}
	answersCall(t, s, p, "far")
}

// TestBadAnswers: what a node can't have meant is an error of the call that it
// answers, and of no other.
func TestBadAnswers(t *testing.T) {
	var log testkit.Journal
	c, p := clientOf(t, nodeHello("A", 1), mpreg.WithLogger(log.Logger()))
	two := written(t, func(f *wire.Frame) error {
		return f.Response(1, &wire.Response{Results: []wire.Result{{Name: "a"}, {Name: "b"}}}, 0)
	})
	for _, row := range []struct {
		name   string
		answer func(id uint64) []byte
		code   mpreg.Code
	}{
		{"no body", func(id uint64) []byte { return frame(wire.KindResult, 0, id) }, mpreg.Internal},
		{"a count that lies", func(id uint64) []byte { return frame(wire.KindResult, 0, id, append([]byte{0}, uv(1<<31)...)...) }, mpreg.Internal},
		{"an unknown even tag", func(id uint64) []byte { return frame(wire.KindResult, 0, id, 1, 100, 0, 1, 0, 0) }, mpreg.Internal},
		{"an error that is cut off", func(id uint64) []byte { return frame(wire.KindError, 0, id, 1, 200) }, mpreg.Internal},
		{"an error of code 0", func(id uint64) []byte { return frame(wire.KindError, 0, id, 0, 0, 0) }, mpreg.Internal},
		{"details that are no map", func(id uint64) []byte { return frame(wire.KindError, 0, id, 1, 0, 2, 1, 0x80) }, mpreg.Internal},
		{"two results for one call", func(id uint64) []byte {
			return append(wire.AppendFrameHead(nil, wire.FrameHead{Kind: wire.KindResult, ID: id}), two[3:]...)
		}, mpreg.Internal},
		{"no result", func(id uint64) []byte { return frame(wire.KindResult, 0, id, 0, 0) }, mpreg.Internal},
		{"a result that does not fit", func(id uint64) []byte { return resultFrame(t, id, "seven") }, mpreg.InvalidArgument},
		{"a result that is no JSON", func(id uint64) []byte { return frame(wire.KindResult, 0, id, 0, 1, 0, 1, 2, '{', '{') }, mpreg.InvalidArgument},
	} {
		t.Run(row.name, func(t *testing.T) {
			bad := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "bad") })
			badID, _ := p.request(wire.KindCall)
			good := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "good") })
			goodID, _ := p.request(wire.KindCall)
			p.send(row.answer(badID), resultFrame(t, goodID, 7))
			if got := testkit.Within(t, "the bad answer", bad); !errors.Is(got.Err, row.code) {
				t.Errorf("want %v, got %+v", row.code, got)
			}
			if got := testkit.Within(t, "the good answer", good); got.Err != nil || got.Value != 7 {
				t.Errorf("the other call: %+v", got)
			}
			log.Brief(t, 1)
		})
	}
}

// TestBadFramesForClient: a client is as hard to upset as a node.
func TestBadFramesForClient(t *testing.T) {
	var log testkit.Journal
	c, p := clientOf(t, nodeHello("A", 1), mpreg.WithLogger(log.Logger()))
	for _, row := range badMessages(t) {
		for range 2 {
			testkit.Must(t, p.ws.WriteMessage(websocket.BinaryMessage, row.message))
			p.refused(row.id, row.code)
		}
	}
	for range 2 {
		p.send(frame(200, 0, 3))
		p.refused(3, mpreg.InvalidRequest, "kind 200")
		p.send(frame(200, wire.FlagIgnorable, 4), callFrame(t, 5, "echo", 1))
		p.refused(5, mpreg.NotFound, "client")
		testkit.Must(t, p.ws.WriteMessage(websocket.TextMessage, []byte(`{"role":"rpc-response","u":"1"}`)))
		p.refused(0, mpreg.InvalidRequest)
		p.send(frame(wire.KindCancel, 0, 5), frame(wire.KindGossip, 0, 0), errorFrame(t, 0, mpreg.Failed, "I don't like you"))
	}
	call := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "f") })
	id, _ := p.request(wire.KindCall)
	p.send(resultFrame(t, id, 7))
	if got := testkit.Within(t, "the answer", call); got.Err != nil || got.Value != 7 {
		t.Errorf("got %+v", got)
	}
	log.Brief(t, 2) // the frames, and the complaint
}
