package testkit

import (
	"errors"
	"math"
	"testing"

	"github.com/mpreg/mpreg"
)

// options are the keyword arguments of "train".
type options struct {
	LR     float64 `json:"lr" validate:"gt=0,lte=1"`
	Epochs int     `json:"epochs"`
}

// Cycle is a value that refers to itself: Next is its own address.
type Cycle struct {
	Next *Cycle
}

// NewCycle returns what can't be encoded, for it has no end.
func NewCycle() *Cycle {
	c := new(Cycle)
	c.Next = c
	return c
}

// RegisterFunctions registers a few functions that do well, and one for each way in
// which a function can do badly.
func RegisterFunctions(t testing.TB, r *mpreg.Registry) {
	t.Helper()
	for name, fn := range map[string]any{
		"add":   func(a, b int) int { return a + b },
		"any":   func(x any) any { return x },
		"info":  mpreg.InfoFromContext,
		"train": func(data string, o options) map[string]any { return map[string]any{"data": data, "lr": o.LR} },

		"chan":  func() any { return make(chan int) },
		"coded": func() error { return mpreg.Errorf(2001, "out of %s", "paper") },
		"cycle": NewCycle,
		"fail":  func() error { return errors.New("boom") },
		"loop":  func() any { m := map[string]any{}; m["m"] = m; return m },
		"nan":   func() any { return math.NaN() },
		"panic": func() { panic("at /etc/secret.go:12") },
	} {
		Must(t, r.Register(name, fn))
	}
}
