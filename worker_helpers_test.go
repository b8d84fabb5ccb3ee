package mpreg_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
)

// hand is a worker: a websocket of somebody who knows nothing of this library, and
// runs functions.
type hand struct{ *socket }

// job is a call as a worker reads it.
type job struct {
	Role      string                     `json:"role"`
	U         string                     `json:"u"`
	Command   string                     `json:"command"`
	Args      []json.RawMessage          `json:"args"`
	Kwargs    map[string]json.RawMessage `json:"kwargs"`
	TimeoutMS *float64                   `json:"timeout_ms"`

	text string
}

// newHand connects a worker that has not said HELLO.
func newHand(t testing.TB, url string, dialer websocket.Dialer) hand {
	t.Helper()
	return hand{dial(t, url, dialer)}
}

// hire connects a worker that offers functions, as HELLO has them.
func hire(t testing.TB, s *mpreg.Server, offers string) hand {
	t.Helper()
	h := newHand(t, s.URL(), websocket.Dialer{})
	h.hello(offers)
	return h
}

// hello has the worker's HELLO accepted.
func (h hand) hello(offers string) {
	h.t.Helper()
	h.says(`{"what":"HELLO","offers":[`+offers+`]}`, `{"role":"server-response","u":"h","r":"ADDED","error":null}`)
}

// says sends a notice, and fails the test unless it is answered so.
func (h hand) says(notice, want string) {
	h.t.Helper()
	h.notice(notice)
	if got := h.next(); got != want {
		h.t.Fatalf("%s\n got %s\nwant %s", notice, got, want)
	}
}

func (h hand) notice(notice string) {
	h.t.Helper()
	h.send(`{"role":"server","u":"h","server":` + notice + `}`)
}

// next returns what comes next. It fails the test if nothing does.
func (h hand) next() string {
	h.t.Helper()
	must(h.t, h.SetReadDeadline(time.Now().Add(patience)))
	_, data, err := h.ReadMessage()
	must(h.t, err)
	return string(data)
}

// job returns the next call.
func (h hand) job() job {
	h.t.Helper()
	j := job{text: h.next()}
	must(h.t, json.Unmarshal([]byte(j.text), &j))
	if j.Role != "internal-rpc" {
		h.t.Fatalf("want a call, got %s", j.text)
	}
	return j
}

// refusal returns the error that is the next answer, and who it is for.
func (h hand) refusal() answer {
	h.t.Helper()
	a := answer{text: h.next()}
	must(h.t, json.Unmarshal([]byte(a.text), &a))
	if a.Error == nil {
		h.t.Fatalf("want an error, got %s", a.text)
	}
	return a
}

// done answers a call.
func (h hand) done(j job, answer string) {
	h.t.Helper()
	h.send(fmt.Sprintf(`{"role":"internal-answer","u":%q,"answer":%s}`, j.U, answer))
}

// fails answers a call with an error object.
func (h hand) fails(j job, failure string) {
	h.t.Helper()
	h.send(fmt.Sprintf(`{"role":"internal-answer","u":%q,"error":%s}`, j.U, failure))
}

// working has the worker answer a call of echoing, so that all that it has sent
// before was read.
func (h hand) working(c *mpreg.Client, fn string) {
	h.t.Helper()
	result := later(func() (string, error) { return mpreg.Call[string](h.t.Context(), c, fn) })
	h.done(h.job(), `"well"`)
	if got := within(h.t, "an answer", result); got.value != "well" || got.err != nil {
		h.t.Fatalf("got %v", got)
	}
}

// offersOf lists what a node offers, with locs.
func offersOf(s *mpreg.Server) []string {
	list := []string{}
	for _, f := range s.Functions() {
		list = append(list, fmt.Sprint(f.Name, f.Locs))
	}
	return list
}
