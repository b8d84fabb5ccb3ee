package wire_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// renewal is what a RENEW frame tells.
type renewal struct {
	Token wire.Token
	For   time.Duration
}

func decodeRenew(_ wire.FrameHead, body []byte) (renewal, error) {
	token, more, err := wire.DecodeRenew(body)
	return renewal{token, more}, err
}

func writeRenew(f *wire.Frame, _ wire.FrameHead, r renewal) error {
	f.Renew(r.Token, r.For)
	return nil
}

func TestRenewVectors(t *testing.T) {
	type renew struct {
		Token hexBytes `json:"token"`
		ForUS int64    `json:"for_us"`
	}
	runFrames(t, "frame_renew.json", decodeRenew, func(t *testing.T, data []byte) renewal {
		in := load[renew](t, data)
		return renewal{wire.Token(in.Token), time.Duration(in.ForUS) * time.Microsecond}
	}, writeRenew)
}

func decodeRelease(_ wire.FrameHead, body []byte) (wire.Token, error) {
	return wire.DecodeRelease(body)
}

func writeRelease(f *wire.Frame, _ wire.FrameHead, t wire.Token) error {
	f.Release(t)
	return nil
}

func TestReleaseVectors(t *testing.T) {
	type release struct {
		Token hexBytes `json:"token"`
	}
	runFrames(t, "frame_release.json", decodeRelease,
		func(t *testing.T, data []byte) wire.Token { return wire.Token(load[release](t, data).Token) }, writeRelease)
}

// TestRenewRounds: a time that is used up or too short to be told is the
// shortest, and never ends a lease by itself.
func TestRenewRounds(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{
		-time.Second: time.Microsecond, 0: time.Microsecond, 1: time.Microsecond,
		1499: time.Microsecond, 1500: 2 * time.Microsecond, time.Hour: time.Hour,
	} {
		var f wire.Frame
		f.Renew(wire.Token{1}, given)
		h, body := split(t, joined(&f))
		if got, err := decodeRenew(h, body); err != nil || got != (renewal{wire.Token{1}, want}) {
			t.Errorf("%v: got %+v, %v, want %v", given, got, err, want)
		}
	}
}

var someLease = &wire.Lease{Node: "01JD3", Token: wire.Token{1, 2, 3}, Size: 1 << 26}

// TestLeaseStaysWhereItMay: what nobody could fetch does not leave.
func TestLeaseStaysWhereItMay(t *testing.T) {
	var f wire.Frame
	for name, err := range map[string]error{
		"an argument": f.Request(1, &wire.Request{Commands: []wire.Command{{Name: "f", Function: "f", Args: []codec.Value{someLease.Value()}}}}),
		"a keyword": f.Request(1, &wire.Request{Commands: []wire.Command{
			{Name: "f", Function: "f", Kwargs: map[string]codec.Value{"k": someLease.Value()}},
		}}),
		"an item": f.Item(1, someLease.Value(), 0),
	} {
		if e := wireError(t, err); !strings.Contains(e.Message, "can't be sent: the value is held by another node") || f.Size() != 0 {
			t.Errorf("%s: got %v; %d bytes are left", name, e, f.Size())
		}
	}
	_, err := wire.AppendResponse(nil, &wire.Response{U: "1", Results: []wire.Result{{Name: "a", Value: someLease.Value()}}}, 0)
	if e := wireError(t, err); e.Code != wire.Internal || e.Details["command"] != "a" {
		t.Errorf("a result in JSON: got %v", e)
	}
}

// TestLeaseIsNoValue: who looks into a lease is told so, whatever the way.
func TestLeaseIsNoValue(t *testing.T) {
	v := someLease.Value()
	if got := wire.LeaseOf(v); got != someLease {
		t.Errorf("got %+v", got)
	}
	for _, v := range []codec.Value{{}, raw("1"), codec.Raw(missing("lease"), nil)} {
		if got := wire.LeaseOf(v); got != nil {
			t.Errorf("%s of %s is taken for %+v", v.Bytes(), v.Codec().Name(), got)
		}
	}
	var x any
	_, inJSON := v.In(codec.JSON{})
	_, encoded := v.Codec().Append(nil, 1)
	for what, err := range map[string]error{"Decode": v.Decode(&x), "In": inJSON, "Append": encoded} {
		if err == nil || !strings.Contains(err.Error(), "has to be fetched first") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestLevelsShowLeases: a report has, in place of what stayed where it was made,
// where that is, and is never lost for it.
func TestLevelsShowLeases(t *testing.T) {
	report := &wire.Response{U: "1", Intermediate: []wire.Level{
		{Index: 0, Results: wire.Results{"a": someLease.Value(), "b": raw("[1.0]")}},
		{Index: 1, Results: wire.Results{"c": (&wire.Lease{Node: "é\"", Size: 7}).Value()}},
	}}
	a, c := raw(`{"node":"01JD3","size":67108864}`), raw(`{"node":"é\"","size":7}`)
	want := []wire.Results{
		{"a": a, "b": raw("[1.0]")},
		{"a": a, "b": raw("[1.0]"), "c": c},
	}
	message, err := wire.AppendResponse(nil, report, 0)
	if err != nil {
		t.Fatal(err)
	}
	inJSON, err := wire.DecodeResponse(message)
	if err != nil {
		t.Fatal(err)
	}
	for way, got := range map[string]*wire.Response{"JSON": inJSON, "binary": answerThroughFrame(t, report)} {
		for i, level := range got.Intermediate {
			if diff := cmp.Diff(want[i], level.AccumulatedResults, equal); diff != "" {
				t.Errorf("%s, level %d (-want +got):\n%s", way, i, diff)
			}
		}
		if diff := cmp.Diff(wire.Results{"c": c}, got.Intermediate[1].Results, equal); diff != "" {
			t.Errorf("%s (-want +got):\n%s", way, diff)
		}
	}
}

// TestFrameFetchLimits: what a call may not have besides, a fetch may not.
func TestFrameFetchLimits(t *testing.T) {
	long := strings.Repeat("é", wire.MaxName+1)
	for limit, r := range map[string]*wire.Request{
		"node_characters":        {Fetch: &wire.Fetch{Node: long}},
		"traceparent_characters": {Fetch: &wire.Fetch{}, Traceparent: long},
		"cluster_id_characters":  {Fetch: &wire.Fetch{}, ClusterID: long},
		"entries":                {Fetch: &wire.Fetch{Path: make([]string, wire.MaxEntries+1)}},
	} {
		_, _, err := throughFrame(t, 1, r)
		if e := wireError(t, err); e.Code != wire.ResourceExhausted || e.Details["limit"] != limit {
			t.Errorf("%s: got %v, %v", limit, e, e.Details)
		}
	}
}

// TestFetchIsARequest: a fetch is never taken for a call, nor a call for it.
func TestFetchIsARequest(t *testing.T) {
	r := &wire.Request{Fetch: &wire.Fetch{Node: "01JD3", Token: wire.Token{1}}, Node: "elsewhere"}
	h, got, err := throughFrame(t, 9, r)
	if err != nil {
		t.Fatal(err)
	}
	want := &wire.Request{U: "9", Fetch: r.Fetch}
	if diff := cmp.Diff(want, got, equal); diff != "" || h.Kind != wire.KindFetch || r.IsCall() || r.Node != "elsewhere" {
		t.Errorf("sent as %v (-want +got):\n%s", h.Kind, diff)
	}
	_, err = wire.DecodeFrameRequest(wire.FrameHead{Kind: wire.KindItem, ID: 1}, nil, nil)
	if e, ok := errors.AsType[*wire.Error](err); !ok || e.Message != "a frame of ITEM is no request" {
		t.Errorf("got %v", err)
	}
}
