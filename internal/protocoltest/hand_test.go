package protocoltest_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// hand is a worker: a websocket of somebody who knows nothing of this library, and
// runs functions.
type hand struct{ *testkit.Socket }

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
	return hand{testkit.Dial(t, url, dialer)}
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
	h.T.Helper()
	h.says(`{"what":"HELLO","offers":[`+offers+`]}`, `{"role":"server-response","u":"h","r":"ADDED","error":null}`)
}

// says sends a notice, and fails the test unless it is answered so.
func (h hand) says(notice, want string) {
	h.T.Helper()
	h.notice(notice)
	if got := h.Next(); got != want {
		h.T.Fatalf("%s\n got %s\nwant %s", notice, got, want)
	}
}

func (h hand) notice(notice string) {
	h.T.Helper()
	h.Send(`{"role":"server","u":"h","server":` + notice + `}`)
}

// job returns the next call.
func (h hand) job() job {
	h.T.Helper()
	j := job{text: h.Next()}
	testkit.Must(h.T, json.Unmarshal([]byte(j.text), &j))
	if j.Role != "internal-rpc" {
		h.T.Fatalf("want a call, got %s", j.text)
	}
	return j
}

// refusal returns the error that is the next answer, and who it is for.
func (h hand) refusal() testkit.Answer {
	h.T.Helper()
	a := h.Receive()
	if a.Error == nil {
		h.T.Fatalf("want an error, got %s", a.Text)
	}
	return a
}

// done answers a call.
func (h hand) done(j job, answer string) {
	h.T.Helper()
	h.Send(fmt.Sprintf(`{"role":"internal-answer","u":%q,"answer":%s}`, j.U, answer))
}

// fails answers a call with an error object.
func (h hand) fails(j job, failure string) {
	h.T.Helper()
	h.Send(fmt.Sprintf(`{"role":"internal-answer","u":%q,"error":%s}`, j.U, failure))
}

// working has the worker answer a call of echoing, so that all that it has sent
// before was read.
func (h hand) working(c *mpreg.Client, fn string) {
	h.T.Helper()
	result := testkit.Later(func() (string, error) { return mpreg.Call[string](h.T.Context(), c, fn) })
	h.done(h.job(), `"well"`)
	if got := testkit.Within(h.T, "an answer", result); got.Value != "well" || got.Err != nil {
		h.T.Fatalf("got %v", got)
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
