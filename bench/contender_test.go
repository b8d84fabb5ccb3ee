package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
)

func TestContendersEcho(t *testing.T) {
	for _, c := range contenders {
		t.Run(c.name, func(t *testing.T) {
			e, err := c.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			callers := 8
			if c.lone {
				callers = 1
			}
			var running sync.WaitGroup
			for caller := range callers {
				running.Go(func() {
					for i := range 20 {
						want := newMessage(100*caller + i)
						if got, err := e.Echo(t.Context(), want); err != nil || got != want {
							t.Errorf("got %v, %v, want %v", got, err, want)
						}
					}
				})
			}
			running.Wait()
			if err := e.Close(); err != nil {
				t.Error("closing:", err)
			}
			if _, err := e.Echo(t.Context(), newMessage(1)); err == nil {
				t.Error("an echo came after the end")
			}
		})
	}
}

// TestTextLostConnection ends the connection under calls that wait.
func TestTextLostConnection(t *testing.T) {
	opened, err := openText(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := opened.(*textEcho)
	answer := make(chan textAnswer, 1)
	e.mu.Lock()
	e.waiting["never answered"] = answer
	e.mu.Unlock()
	if err := e.conn.Close(); err != nil {
		t.Error(err)
	}
	if a := <-answer; a.err == nil {
		t.Errorf("answered with %v", a.message)
	}
	e.reading.Wait()
	if err := e.node.Close(); err != nil {
		t.Error(err)
	}
}

func TestEchoedChecks(t *testing.T) {
	boom := errors.New("boom")
	for _, row := range []struct {
		name   string
		spoil  func(*Message)
		err    error
		wanted string
	}{
		{"right", func(*Message) {}, nil, ""},
		{"number", func(m *Message) { m.N++ }, nil, `"benchmark", 43`},
		{"last byte", func(m *Message) { m.Data[99]++ }, nil, "differs in its data"},
		{"failure", func(*Message) {}, boom, "boom"},
	} {
		op := echoed(func(_ context.Context, m Message) (Message, error) {
			row.spoil(&m)
			return m, row.err
		})
		err := op(t.Context())
		switch {
		case row.wanted == "" && err != nil:
			t.Errorf("%s: %v", row.name, err)
		case row.wanted != "" && (err == nil || !strings.Contains(err.Error(), row.wanted)):
			t.Errorf("%s: got %v, want %q in it", row.name, err, row.wanted)
		}
	}
}
