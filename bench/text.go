package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/codec"
)

var mpregText = contender{name: "mpreg json text", ours: true, open: openText}

// textEcho speaks the JSON text protocol as a program in another language would:
// one websocket message a request, encoded and decoded by the standard library.
type textEcho struct {
	node    *node
	conn    *websocket.Conn
	reading sync.WaitGroup
	last    atomic.Uint64 // request number
	writing sync.Mutex    // gorilla wants one writer at a time

	mu      sync.Mutex
	waiting map[string]chan<- textAnswer
	ended   error // why no more answers come
}

// textRequest and textResponse are the messages of docs/PROTOCOL.md, as far as an
// echo needs them.
type textRequest struct {
	Role     string        `json:"role"`
	U        string        `json:"u"`
	Commands []textCommand `json:"cmds"`
}

type textCommand struct {
	Name     string    `json:"name"`
	Function string    `json:"fun"`
	Args     []Message `json:"args"`
}

type textResponse struct {
	U       string          `json:"u"`
	Results textResults     `json:"r"`
	Error   json.RawMessage `json:"error"`
}

type textResults struct {
	Message Message `json:"message"`
}

type textAnswer struct {
	message Message
	err     error
}

func openText(ctx context.Context) (echoer, error) {
	n, err := startEchoNode(ctx, codec.JSON{})
	if err != nil {
		return nil, err
	}
	conn, handshake, err := websocket.DefaultDialer.DialContext(ctx, n.URL(), nil)
	if err != nil {
		return nil, closedBecause(err, n)
	}
	_ = handshake.Body.Close() // gorilla has read what there was
	e := &textEcho{node: n, conn: conn, waiting: make(map[string]chan<- textAnswer)}
	e.reading.Go(e.read)
	return e, nil
}

// Echo implements echoer.
func (e *textEcho) Echo(_ context.Context, m Message) (Message, error) {
	u := strconv.FormatUint(e.last.Add(1), 10)
	request, err := json.Marshal(textRequest{
		Role: "rpc", U: u,
		Commands: []textCommand{{Name: echoFunction, Function: echoFunction, Args: []Message{m}}},
	})
	if err != nil {
		return Message{}, err
	}
	answer := make(chan textAnswer, 1)
	e.mu.Lock()
	if e.ended != nil {
		e.mu.Unlock()
		return Message{}, e.ended
	}
	e.waiting[u] = answer
	e.mu.Unlock()
	e.writing.Lock()
	err = e.conn.WriteMessage(websocket.TextMessage, request)
	e.writing.Unlock()
	if err != nil {
		return Message{}, err
	}
	a := <-answer
	return a.message, a.err
}

// read gives each answer to who waits for it, until the connection ends.
func (e *textEcho) read() {
	for {
		_, data, err := e.conn.ReadMessage()
		if err != nil {
			e.fail(err)
			return
		}
		var r textResponse
		if err := json.Unmarshal(data, &r); err != nil {
			e.fail(fmt.Errorf("the node sent what is no response: %w", err))
			return
		}
		a := textAnswer{message: r.Results.Message}
		if len(r.Error) > 0 && string(r.Error) != "null" {
			a.err = errors.New(string(r.Error))
		}
		e.mu.Lock()
		answer := e.waiting[r.U]
		delete(e.waiting, r.U)
		e.mu.Unlock()
		if answer != nil {
			answer <- a
		}
	}
}

// fail ends the calls that wait, and those to come.
func (e *textEcho) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = err
	for _, answer := range e.waiting {
		answer <- textAnswer{err: err}
	}
	clear(e.waiting)
}

// Close implements echoer.
func (e *textEcho) Close() error {
	err := e.conn.Close()
	e.reading.Wait()
	return errors.Join(err, e.node.Close())
}
