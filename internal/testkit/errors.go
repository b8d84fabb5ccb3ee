package testkit

import (
	"errors"
	"testing"

	"github.com/mpreg/mpreg"
)

// Must ends the test if there is an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// AsError returns err as what all errors of calls are.
func AsError(t testing.TB, err error) *mpreg.Error {
	t.Helper()
	e, ok := errors.AsType[*mpreg.Error](err)
	if !ok {
		t.Fatalf("want an *mpreg.Error, got %v", err)
	}
	return e
}
