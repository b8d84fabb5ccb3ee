package mpreg

import (
	"testing"

	"github.com/mpreg/mpreg/internal/route"
)

// TestFollowing: what may have run at the first place may have run, whatever the
// second says.
func TestFollowing(t *testing.T) {
	no, maybe, yes := newError(Unavailable, ExecutedNo, "no"), newError(Unavailable, ExecutedMaybe, "maybe"), newError(Failed, ExecutedYes, "yes")
	for _, row := range []struct {
		before  error
		failure *Error
		want    Executed
	}{
		{nil, no, ExecutedNo},
		{nil, maybe, ExecutedMaybe},
		{no, no, ExecutedNo},
		{no, maybe, ExecutedMaybe},
		{no, yes, ExecutedYes},
		{maybe, no, ExecutedMaybe},
		{maybe, maybe, ExecutedMaybe},
		{maybe, yes, ExecutedYes},
		{yes, no, ExecutedMaybe},
	} {
		got := asError(following(row.before, row.failure))
		if got.Executed != row.want || got.Code != row.failure.Code || got.Message != row.failure.Message {
			t.Errorf("%v after %v: got %v", row.failure, row.before, got)
		}
	}
	if no.Executed != ExecutedNo {
		t.Error("the error itself was changed")
	}
}

// TestExhausted: the failure keeps what it says, and where it happened.
func TestExhausted(t *testing.T) {
	before := newError(Unavailable, ExecutedNo, "the node drains").at("c", "f", "node-1").onHop(2)
	got := exhausted(before)
	want := `mpreg: unavailable: the node drains; it was not tried elsewhere, because the retry budget is exhausted: too many calls fail` +
		` (command "c", function "f", node "node-1", hop 2, not executed)`
	if got.Error() != want || got.Details[detailRetryBudget] != "exhausted" {
		t.Errorf("got %v, details %v", got, got.Details)
	}
	if len(before.Details) != 1 {
		t.Errorf("the failure itself was changed: %v", before.Details)
	}
}

func TestWhatIsTriedElsewhere(t *testing.T) {
	c, _ := choosing(t, 0)
	lostInput := newError(Unavailable, ExecutedNo, "gone")
	lostInput.Details = map[string]any{detailLostResult: "a"}
	for _, row := range []struct {
		name          string
		err           *Error
		emitted       int64
		once, running bool // whether it is tried again if it is not idempotent, and if it is
	}{
		{"refused", newError(Unavailable, ExecutedNo, "drains"), 0, true, true},
		{"not its own any more", newError(NotFound, ExecutedNo, "not mine"), 0, true, true},
		{"full", inFlightError("in_flight", 1, ""), 0, true, true},
		{"too large", inFlightError("result_bytes", 1, ""), 0, false, false},
		{"lost", newError(Unavailable, ExecutedMaybe, "link lost"), 0, false, true},
		{"lost in mid-stream", newError(Unavailable, ExecutedMaybe, "link lost"), 1, false, false},
		{"refused in mid-stream", newError(Unavailable, ExecutedNo, "drains"), 1, false, false},
		{"an input is gone", lostInput, 0, false, false},
		{"failed", newError(Failed, ExecutedYes, "boom"), 0, false, false},
		{"what a function says", newError(Unavailable, ExecutedYes, "no tape"), 0, false, false},
	} {
		call := new(callContext)
		call.emitted.Store(row.emitted)
		for _, idempotent := range []bool{false, true} {
			want := row.once
			if idempotent {
				want = row.running
			}
			here := newOffer(&c.self.node, "f", nil, &Function{idempotent: idempotent})
			for _, p := range []*route.Place[runFunc]{{Node: new(route.Node), Idempotent: idempotent}, &here.place} {
				if got := c.again(call, &query{Query: route.Query{Function: "f"}}, trial{choice: choice{Place: p}, err: row.err}); got != want {
					t.Errorf("%s, idempotent %v, here %v: got %v", row.name, idempotent, p == &here.place, got)
				}
			}
		}
	}
}
