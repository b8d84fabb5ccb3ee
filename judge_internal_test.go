package mpreg

import "testing"

// TestJudgeBlamesWhoFailed: a place is judged by what happened there. A panic that a
// function only passes on, of a function that it has called, is the fault of another
// place: else one bad function would have its callers ejected, and theirs. What was
// withdrawn has not run, and proves nothing of the place.
func TestJudgeBlamesWhoFailed(t *testing.T) {
	panicked := newError(Internal, ExecutedYes, "the function panicked").at("g", "g", "node-2")
	for name, row := range map[string]struct {
		err  error
		want verdict
	}{
		"its own panic":     {panicked, faulty},
		"another's panic":   {passedOn(panicked, panicked), failing},
		"withdrawn":         {newError(NotFound, ExecutedNo, "withdrawn"), noVerdict},
		"it found nothing":  {newError(NotFound, ExecutedYes, "no such row"), failing},
		"a result was lost": {lostResult(), noVerdict},
		"its node is lost":  {newError(Unavailable, ExecutedMaybe, "connection lost"), faulty},
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
