package protocoltest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestRetries: what is sent again, and where.
func TestRetries(t *testing.T) {
	type end func(t *testing.T, p *stranger, id uint64)
	refuse := func(command string, executed mpreg.Executed) end {
		return func(t *testing.T, p *stranger, id uint64) { p.send(refusalFrame(t, id, command, executed)) }
	}
	stopping := func(t *testing.T, p *stranger, id uint64) {
		p.send(written(t, func(f *wire.Frame) error { f.Goaway(&wire.Goaway{Reason: wire.GoawayDraining}); return nil }))
		p.send(refusalFrame(t, id, "f", mpreg.ExecutedYes))
	}
	lose := func(_ *testing.T, p *stranger, _ uint64) { _ = p.ws.Close() }
	const (
		no    = "not again"
		next  = "at the next node"
		there = "where it was"
	)
	for _, row := range []struct {
		name        string
		end         end
		graph       bool
		plain, view string // what happens without and with Idempotent
	}{
		{"refused as a whole", refuse("", mpreg.ExecutedNo), false, next, next},
		{"a graph refused as a whole", refuse("", mpreg.ExecutedNo), true, next, next},
		{"nowhere to run", refuse("f", mpreg.ExecutedNo), false, no, no},
		{"a graph of which one had nowhere to run", refuse("f", mpreg.ExecutedNo), true, no, there},
		{"its node was lost", refuse("f", mpreg.ExecutedMaybe), false, no, there},
		{"the function says so", refuse("f", mpreg.ExecutedYes), false, no, no},
		{"its node stops", stopping, false, no, next},
		{"link lost", lose, false, no, next},
	} {
		for _, idempotent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, idempotent %v", row.name, idempotent), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, dialed := impostorsOf(t, "a", "b")
					want := row.plain
					if idempotent {
						c, want = c.With(mpreg.Idempotent()), row.view
					}
					kind := wire.KindCall
					call := testkit.Later(func() (mpreg.Value, error) {
						if !row.graph {
							return c.Call(context.Background(), "f")
						}
						r := mpreg.NewRequest()
						r.Add("f").Named("f")
						r.Add("g")
						_, err := c.Do(context.Background(), r)
						return mpreg.Value{}, err
					})
					if row.graph {
						kind = wire.KindRequest
					}
					a := welcome(t, dialed["a"], "A")
					id, _ := a.request(kind)
					row.end(t, a, id)
					if want == no {
						e := testkit.AsError(t, (<-call).Err)
						if e.Code != mpreg.Unavailable || e.Details["attempts"] != nil {
							t.Errorf("got %#v", e)
						}
						return
					}
					p := a
					if want == next {
						p = welcome(t, dialed["b"], "B")
					}
					id, _ = p.request(kind)
					p.send(errorFrame(t, id, mpreg.Failed, "boom"))
					e := testkit.AsError(t, (<-call).Err)
					if e.Code != mpreg.Failed || e.Details["attempts"] != int64(2) {
						t.Errorf("got %#v", e)
					}
				})
			})
		}
	}
}

// TestRetriesEnd: after so many attempts, with an error that tells of all.
func TestRetriesEnd(t *testing.T) {
	for _, row := range []struct {
		name     string
		first    mpreg.Executed
		executed mpreg.Executed
	}{{"none has begun", mpreg.ExecutedNo, mpreg.ExecutedNo}, {"one may have", mpreg.ExecutedMaybe, mpreg.ExecutedMaybe}} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, dialed := impostorsOf(t, "a", "b")
				call := testkit.Later(func() (mpreg.Value, error) { return c.With(mpreg.Idempotent()).Call(context.Background(), "f") })
				executed := row.first
				for i, node := range []string{"a", "b", "a"} {
					p := welcome(t, dialed[node], fmt.Sprint(i))
					id, _ := p.request(wire.KindCall)
					p.send(refusalFrame(t, id, "", executed))
					executed = mpreg.ExecutedNo
				}
				e := testkit.AsError(t, (<-call).Err)
				if e.Code != mpreg.Unavailable || e.Executed != row.executed || e.Details["attempts"] != int64(3) ||
					e.Message != "not here; tried 3 times, at node 0, node 1, node 2" {
					t.Errorf("got %#v", e)
				}
			})
		})
	}
}

// TestRetryWaitsForTheNode: a client of one node that restarts is connected again
// before its call has failed as often as it may.
func TestRetryWaitsForTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dialed := impostorsOf(t, "a")
		call := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "f") })
		p := welcome(t, dialed["a"], "A")
		id, _ := p.request(wire.KindCall)
		p.send(written(t, func(f *wire.Frame) error { f.Goaway(&wire.Goaway{Reason: wire.GoawayDraining}); return nil }), refusalFrame(t, id, "", mpreg.ExecutedNo))
		p = welcome(t, dialed["a"], "A")
		id, _ = p.request(wire.KindCall)
		p.send(resultFrame(t, id, 7))
		if got := <-call; got.Err != nil || got.Value != 7 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestRetryIsLeft: by its context, and by Close.
func TestRetryIsLeft(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(c *mpreg.Client, cancel func())
		want error
	}{
		{"canceled", func(_ *mpreg.Client, cancel func()) { cancel() }, mpreg.Canceled},
		{"deadline", func(*mpreg.Client, func()) {}, mpreg.DeadlineExceeded},
		{"closed", func(c *mpreg.Client, _ func()) { _ = c.Close() }, mpreg.ErrClosed},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, dialed := impostorsOf(t, "a", "b")
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				call := testkit.Later(func() (mpreg.Value, error) { return c.With(mpreg.Idempotent()).Call(ctx, "f") })
				p := welcome(t, dialed["a"], "A")
				p.request(wire.KindCall)
				_ = p.ws.Close()
				b := <-dialed["b"] // which does not answer its HELLO
				b.hello()
				synctest.Wait() // until the call waits for that: before, its end is that of the first attempt
				row.end(c, cancel)
				got := <-call
				e := testkit.AsError(t, got.Err)
				if !errors.Is(got.Err, row.want) || e.Executed != mpreg.ExecutedMaybe {
					t.Errorf("got %#v", e)
				}
			})
		})
	}
}

// TestRetryBudget: what is lost again and again is given up.
func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dialed := impostorsOf(t, "a")
		served := make(chan int)
		go func() {
			p := welcome(t, dialed["a"], "A")
			n := 0
			for {
				h, _, err := p.next()
				if err != nil {
					served <- n
					return
				}
				if h.Kind == wire.KindCall {
					n++
					p.send(refusalFrame(t, h.ID, "f", mpreg.ExecutedMaybe))
				}
			}
		}()
		const calls = 1000
		exhausted := 0
		for range calls {
			_, err := c.With(mpreg.Idempotent()).Call(context.Background(), "f")
			e := testkit.AsError(t, err)
			if e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe {
				t.Fatalf("got %#v", e)
			}
			if e.Details["retry_budget"] != nil {
				exhausted++
			}
		}
		testkit.Must(t, c.Close())
		if n := <-served; n > calls*11/10+100 || n < calls*11/10+90 {
			t.Errorf("%d attempts of %d calls", n, calls)
		}
		if exhausted < calls/2 {
			t.Errorf("%d errors say that the budget is exhausted", exhausted)
		}
	})
}

// TestRetriedStream: it is sent again only if no item has come.
func TestRetriedStream(t *testing.T) {
	for _, items := range []int{0, 1} {
		t.Run(fmt.Sprint(items), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, dialed := impostorsOf(t, "a", "b")
				call := testkit.Later(func() ([]string, error) { return collect(context.Background(), c.With(mpreg.Idempotent()), "f") })
				a := welcome(t, dialed["a"], "A")
				id, _ := a.request(wire.KindCall)
				for range items {
					a.send(itemFrame(t, id, "x"))
					a.credits(id)
				}
				_ = a.ws.Close()
				if items > 0 {
					got := <-call
					if e := testkit.AsError(t, got.Err); len(got.Value) != items || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedYes {
						t.Errorf("got %v, %#v", got.Value, e)
					}
					return
				}
				b := welcome(t, dialed["b"], "B")
				id, _ = b.request(wire.KindCall)
				b.send(itemFrame(t, id, "y"), streamedFrame(t, id, 1))
				if got := <-call; got.Err != nil || len(got.Value) != 1 || got.Value[0] != "y" {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}
