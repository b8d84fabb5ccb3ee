package testkit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Socket is a websocket of somebody who knows nothing of this library, and speaks
// JSON.
type Socket struct {
	T testing.TB
	*websocket.Conn
}

// Dial opens a websocket that is closed when the test ends.
func Dial(t testing.TB, url string, dialer websocket.Dialer) *Socket {
	t.Helper()
	ws, response, err := dialer.DialContext(t.Context(), url, nil)
	Must(t, err)
	_ = response.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	return &Socket{t, ws}
}

// Request is the message of a request of id 7 with these commands.
func Request(cmds string) string { return `{"role":"rpc","u":"7","cmds":[` + cmds + `]}` }

// Send sends a message as it is.
func (s *Socket) Send(message string) {
	s.T.Helper()
	Must(s.T, s.WriteMessage(websocket.TextMessage, []byte(message)))
}

// Answer is a response as anybody reads it.
type Answer struct {
	Role  string                     `json:"role"`
	U     string                     `json:"u"`
	R     map[string]json.RawMessage `json:"r"`
	Error *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Details map[string]any `json:"details"`
	} `json:"error"`
	Intermediate []map[string]any `json:"intermediate_results"`
	Summary      map[string]any   `json:"execution_summary"`

	Text string `json:"-"` // the message as it came
}

// ReadAnswer reads a response.
func ReadAnswer(t testing.TB, text string) Answer {
	t.Helper()
	a := Answer{Text: text}
	Must(t, json.Unmarshal([]byte(text), &a))
	return a
}

// Next returns the next message as it is.
func (s *Socket) Next() string {
	s.T.Helper()
	Must(s.T, s.SetReadDeadline(time.Now().Add(Patience)))
	_, data, err := s.ReadMessage()
	Must(s.T, err)
	return string(data)
}

// Receive returns the next message, a response.
func (s *Socket) Receive() Answer {
	s.T.Helper()
	return ReadAnswer(s.T, s.Next())
}

// Results sends a request that succeeds, and returns "r" as it came.
func (s *Socket) Results(message string) string {
	s.T.Helper()
	s.Send(message)
	a := s.Receive()
	if a.Error != nil {
		s.T.Fatalf("%s\nfailed: %s", message, a.Text)
	}
	var raw struct {
		R json.RawMessage `json:"r"`
	}
	Must(s.T, json.Unmarshal([]byte(a.Text), &raw))
	return string(raw.R)
}

// Alive fails the test unless an ordinary call succeeds, and its answer is the next
// that comes.
func (s *Socket) Alive() {
	s.T.Helper()
	got := s.Results(`{"role":"rpc","u":"alive","cmds":[{"name":"a","fun":"echo","args":["yes"]}]}`)
	if got != `{"a":"yes"}` {
		s.T.Fatalf("after it: got %s", got)
	}
}
