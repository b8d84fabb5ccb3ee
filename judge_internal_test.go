package mpreg

import (
	"errors"
	"testing"

	"github.com/mpreg/mpreg/internal/route"
)

func TestJudge(t *testing.T) {
	lostInput := newError(Unavailable, ExecutedNo, "gone")
	lostInput.Details = map[string]any{detailLostResult: "a"}
	for _, row := range []struct {
		err  error
		want route.Verdict
	}{
		{nil, route.Fine},
		{newError(Failed, ExecutedYes, "boom"), route.Failing},
		{newError(2001, ExecutedYes, "its own"), route.Failing},
		{errors.New("of nobody"), route.Faulty}, // an internal one
		{newError(Internal, ExecutedYes, "a panic"), route.Faulty},
		{newError(Unavailable, ExecutedNo, "drains"), route.Faulty},
		{newError(Unavailable, ExecutedMaybe, "link lost"), route.Faulty},
		{newError(Unavailable, ExecutedYes, "what the function says of others"), route.Failing},
		{newError(ResourceExhausted, ExecutedNo, "full"), route.Full},
		{newError(ResourceExhausted, ExecutedYes, "the function's disk is"), route.Failing},
		{newError(NotFound, ExecutedNo, "not mine"), route.NoVerdict}, // nothing ran
		{newError(Canceled, ExecutedMaybe, "a hedge that lost"), route.GivenUp},
		{newError(DeadlineExceeded, ExecutedMaybe, "slow"), route.GivenUp},
		{newError(InvalidArgument, ExecutedNo, "want a number"), route.NoVerdict},
		{newError(PermissionDenied, ExecutedNo, "no"), route.NoVerdict},
		{lostInput, route.NoVerdict},
	} {
		if got := judge(row.err); got != row.want {
			t.Errorf("%v: got %d, want %d", row.err, got, row.want)
		}
	}
}

// TestJudgeBlamesWhoFailed: a place is judged by what happened there. A panic that a
// function only passes on, of a function that it has called, is the fault of another
// place: else one bad function would have its callers ejected, and theirs. What was
// withdrawn has not run, and proves nothing of the place.
func TestJudgeBlamesWhoFailed(t *testing.T) {
	panicked := newError(Internal, ExecutedYes, "the function panicked").at("g", "g", "node-2")
	for name, row := range map[string]struct {
		err  error
		want route.Verdict
	}{
		"its own panic":     {panicked, route.Faulty},
		"another's panic":   {passedOn(panicked, panicked), route.Failing},
		"withdrawn":         {newError(NotFound, ExecutedNo, "withdrawn"), route.NoVerdict},
		"it found nothing":  {newError(NotFound, ExecutedYes, "no such row"), route.Failing},
		"a result was lost": {lostResult(), route.NoVerdict},
		"its node is lost":  {newError(Unavailable, ExecutedMaybe, "connection lost"), route.Faulty},
	} {
		if got := judge(row.err); got != row.want {
			t.Errorf("%s: got verdict %v, want %v", name, got, row.want)
		}
	}
}

func lostResult() *Error {
	e := newError(Unavailable, ExecutedNo, "the result was lost")
	e.Details = map[string]any{detailLostResult: "make"}
	return e
}
