package wire_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/wire"
)

// seed starts a fuzz target with the vectors of a file.
func seed(f *testing.F, file string) {
	f.Helper()
	for _, v := range vectors(f, file) {
		f.Add([]byte(v.Message))
	}
}

// refused holds what is true of every refusal of a message: it has a code for
// bad input and can be sent, at a size that does not depend on the message.
func refused(t *testing.T, err error) {
	t.Helper()
	e := wireError(t, err)
	if e.Code != wire.InvalidRequest && e.Code != wire.ResourceExhausted {
		t.Fatalf("got %v", e)
	}
	if answer, err := wire.AppendResponse(nil, &wire.Response{U: "1", Error: e}, 4000); err != nil || !validText(answer) {
		t.Fatalf("%v: %s", err, answer)
	}
}

func FuzzDecodeRequest(f *testing.F) {
	seed(f, "request.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := wire.DecodeRequest(data)
		if err != nil {
			refused(t, err)
			return
		}
		if r.U == "" || len(r.Commands) == 0 || r.Timeout() < 0 {
			t.Fatalf("accepted %s", data)
		}
		message, err := wire.AppendRequest(nil, r)
		if err != nil || !validText(message) {
			t.Fatalf("%v: %s", err, message)
		}
		again, err := wire.DecodeRequest(message)
		if err != nil {
			t.Fatalf("%v: %s", err, message)
		}
		if diff := cmp.Diff(r, again, equal); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
		if h := wire.Sniff(message); h.Role != wire.RoleRequest || h.U != r.U {
			t.Fatalf("sniffed %+v in %s", h, message)
		}
	})
}

func FuzzDecodeResponse(f *testing.F) {
	seed(f, "response.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := wire.DecodeResponse(data)
		if err != nil {
			refused(t, err)
			return
		}
		sortResults(r)
		message, err := wire.AppendResponse(nil, r, 0)
		if err != nil || !validText(message) {
			t.Fatalf("%v: %s", err, message)
		}
		again, err := wire.DecodeResponse(message)
		if err != nil {
			t.Fatalf("%v: %s", err, message)
		}
		sortResults(again)
		if second, err := wire.AppendResponse(nil, again, 0); err != nil || !bytes.Equal(second, message) {
			t.Fatalf("%v\nfirst  %s\nsecond %s", err, message, second)
		}
	})
}

func FuzzDecodeCancel(f *testing.F) {
	seed(f, "cancel.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := wire.DecodeCancel(data)
		if err != nil {
			refused(t, err)
			return
		}
		again, err := wire.DecodeCancel(wire.AppendCancel(nil, c.U))
		if err != nil || c.U == "" || *again != *c {
			t.Fatalf("got %+v, then %+v, %v", c, again, err)
		}
	})
}

func FuzzDecodeAuth(f *testing.F) {
	seed(f, "auth.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := wire.DecodeAuth(data)
		if err != nil {
			refused(t, err)
		} else if a.U == "" || a.Token == "" {
			t.Fatalf("accepted %s", data)
		}
	})
}

func FuzzDecodeAck(f *testing.F) {
	seed(f, "ack.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := wire.DecodeAck(data)
		if err != nil {
			refused(t, err)
		} else if a.U == "" || a.N < 1 || a.N > wire.MaxWindow {
			t.Fatalf("accepted %s", data)
		}
	})
}

// FuzzSniff: whatever the bytes, what Sniff finds in a beginning of them it does
// not take back when it sees more, except for the u of a wrapped request.
func FuzzSniff(f *testing.F) {
	seed(f, "head.json")
	seed(f, "request.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := wire.Sniff(data)
		var before wire.Head
		for end := range min(len(data), 1000) {
			h := wire.Sniff(data[:end:end])
			if h.Role == "" && before.Role != "" || h.U == "" && before.U != "" || h.Role != "" && before.Role != "" && h.Role != before.Role {
				t.Fatalf("%q: %+v after %+v", data[:end], h, before)
			}
			before = h
		}
		if len(data) <= 1000 && before.Role != "" && whole.Role != before.Role {
			t.Fatalf("%q: %+v after %+v", data, whole, before)
		}
		head, err := wire.DecodeHead(data)
		if err != nil {
			refused(t, err)
		} else if head.Role != "" && whole.Role == "" && !json.Valid(data) {
			t.Fatalf("%q: %+v, and malformed", data, head)
		}
	})
}
