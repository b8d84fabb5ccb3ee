package protocoltest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestWorkerErrors: a worker's error keeps its code, if it is one, and its message;
// that the function ran is not for the worker to deny.
func TestWorkerErrors(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Name: "n"})
	w := hire(t, s, `{"fun":"f"}`)
	c := testkit.Connect(t, s.URL())
	for _, test := range []struct {
		failure string
		want    mpreg.Error
	}{
		{`{"code":1003,"message":"boom"}`, mpreg.Error{Code: mpreg.Failed, Message: "boom"}},
		{`{"code":2001,"message":"out of paper","details":{"tray":2}}`, mpreg.Error{Code: 2001, Message: "out of paper", Details: map[string]any{"tray": int64(2)}}},
		{`{"code":1012,"message":"later"}`, mpreg.Error{Code: mpreg.Unavailable, Message: "later"}},
		{`{"message":"no code"}`, mpreg.Error{Code: mpreg.Failed, Message: "no code"}},
		{`{"code":1999,"message":"nobody's"}`, mpreg.Error{Code: mpreg.Failed, Message: "nobody's"}},
		{`{"code":-7,"message":"odd"}`, mpreg.Error{Code: mpreg.Failed, Message: "odd"}},
		{`{}`, mpreg.Error{Code: mpreg.Failed, Message: "the function failed, and its worker did not say why"}},
		{`{"code":1003,"message":"a liar","details":{"executed":"no","node":"other","function":"g","command":"h","hop":4}}`, mpreg.Error{Code: mpreg.Failed, Message: "a liar"}},
	} {
		result := testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
		w.fails(w.job(), test.failure)
		got := testkit.AsError(t, testkit.Within(t, "the result", result).Err)
		test.want.Command, test.want.Function, test.want.Node, test.want.Executed = "f", "f", "n", mpreg.ExecutedYes
		if diff := cmp.Diff(describeError(&test.want), describeError(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.failure, diff)
		}
	}
}

// describeError is all that can be seen of an error.
func describeError(e *mpreg.Error) string {
	return fmt.Sprintf("%d %s %q %q %q %v %v", e.Code, e.Message, e.Command, e.Function, e.Node, e.Executed, e.Details)
}

// TestWorkerAnswersBadly: the worker is told, its call fails, its link lives.
func TestWorkerAnswersBadly(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{MaxMessageBytes: 10_000})
	w := hire(t, s, `{"fun":"f"}`)
	c := testkit.Connect(t, s.URL())
	for _, test := range []struct {
		answer string // with the u for %s
		code   mpreg.Code
		says   string
	}{
		{`{"role":"internal-answer","u":"%s","answer":[1,`, mpreg.Internal, "the worker's answer is malformed: malformed JSON"},
		{`{"role":"internal-answer","u":"%s","error":"boom"}`, mpreg.Internal, `the worker's answer is malformed: malformed message: field "error" must be an object`},
		{`{"role":"internal-answer","u":"%s","answer":"` + strings.Repeat("x", 20_000) + `"}`, mpreg.ResourceExhausted, "the worker's answer has more than the 10000 bytes that this node takes"},
	} {
		result := testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "f") })
		j := w.job()
		w.Send(fmt.Sprintf(test.answer, j.U))
		e := testkit.AsError(t, testkit.Within(t, "the result", result).Err)
		if e.Code != test.code || !strings.Contains(e.Message, test.says) || e.Executed != mpreg.ExecutedYes {
			t.Errorf("got %v", e)
		}
		if a := w.refusal(); a.Role != "rpc-response" || a.U != j.U || a.Error.Code != int(mpreg.InvalidRequest) && test.code == mpreg.Internal {
			t.Errorf("the worker was told %s", a.Text)
		}
		w.working(c, "f")
	}
}

// TestWorkerArguments: what has no form in JSON does not start.
func TestWorkerArguments(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f"}`)
	testkit.Must(t, s.Register("forge", func() mpreg.Value { return codec.Raw(codec.JSON{}, []byte(`1],"u":"w9","x":[2`)) }))
	c := testkit.Connect(t, s.URL())
	r := mpreg.NewRequest()
	r.Add("f", r.Add("forge"))
	_, err := c.Do(t.Context(), r)
	if e := testkit.AsError(t, err); e.Code != mpreg.InvalidArgument || e.Executed != mpreg.ExecutedNo || e.Command != "f" {
		t.Errorf("got %v", err)
	}
	w.working(c, "f") // and it is the first that comes
}

// TestWorkerCanceled: a caller that gives up has its worker told, and an answer that
// comes all the same does no harm.
func TestWorkerCanceled(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	w := hire(t, s, `{"fun":"f"}`)
	c := testkit.Connect(t, s.URL())
	ctx, cancel := context.WithCancel(t.Context())
	result := testkit.Later(func() (mpreg.Value, error) { return c.Call(ctx, "f") })
	j := w.job()
	cancel()
	if e := testkit.AsError(t, testkit.Within(t, "the result", result).Err); !errors.Is(e, context.Canceled) || e.Executed != mpreg.ExecutedMaybe {
		t.Errorf("got %v", e)
	}
	if got, want := w.Next(), `{"role":"cancel","u":"`+j.U+`"}`; got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	w.done(j, `"too late"`)
	w.working(c, "f")
}
