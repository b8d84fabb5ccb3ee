package mpreg_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestWatch: whoever watches is told of all that becomes of the others.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.Register(fmt.Sprint("on-", i), func() {})
		}))
		ctx, cancel := context.WithCancel(t.Context())
		var told []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e := range c.Node(0).Server().Watch(ctx) {
				told = append(told, fmt.Sprintf("%s %s %s %d", e.Member.Name, e.Kind, e.Member.State, len(e.Member.Functions)))
			}
		}()
		synctest.Wait()
		slices.Sort(told)
		want := []string{"node-1 joined alive 1", "node-2 joined alive 1"}
		if !slices.Equal(told, want) {
			t.Errorf("at first: %q", told)
		}
		expect := func(what string, do func(), wait time.Duration, want ...string) {
			t.Helper()
			told = nil
			do()
			testkit.Pass(wait)
			synctest.Wait()
			if !slices.Equal(told, want) {
				t.Errorf("%s: got %q, want %q", what, told, want)
			}
		}
		expect("registers", func() { testkit.Must(t, c.Node(1).Server().Register("more", func() {})) }, time.Second, "node-1 updated alive 2")
		expect("stops", func() { testkit.Must(t, c.Node(2).Stop()) }, time.Second, "node-2 left left 0")
		expect("freezes", c.Node(1).Freeze, 5*time.Second, "node-1 suspected suspect 2")
		expect("thaws", c.Node(1).Thaw, 5*time.Second, "node-1 recovered alive 2")
		expect("dies", c.Node(1).Kill, time.Second, "node-1 died dead 0")
		cancel()
		<-done
	})
}

// TestWatchEnds: with its context, with the loop, and with the node.
func TestWatchEnds(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for e := range s.Watch(ctx) {
		t.Errorf("got %v", e)
	}
	stop := testkit.Run(t, s)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range s.Watch(context.Background()) {
			return
		}
	}()
	testkit.Must(t, stop())
	testkit.Within(t, "the watch ends", testkit.Later(func() (struct{}, error) { <-ended; return struct{}{}, nil }))
	for e := range s.Watch(context.Background()) {
		t.Errorf("after the end: got %v", e)
	}
}

// TestWatchOfNodeThatCannotListen: a node that has not come to serve has stopped all
// the same.
func TestWatchOfNodeThatCannotListen(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{Host: "256.0.0.1"})
	ended := testkit.Later(func() (struct{}, error) {
		for range s.Watch(context.Background()) {
		}
		return struct{}{}, nil
	})
	if err := s.Serve(t.Context()); err == nil {
		t.Fatal("it serves")
	}
	testkit.Within(t, "the watch ends", ended)
}

// TestWatchHeedsContext: also while there is much to tell.
func TestWatchHeedsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for range c.Node(0).Server().Watch(ctx) {
			n++
			cancel()
		}
		if n != 1 {
			t.Errorf("%d events, of which 1 was before the end", n)
		}
	})
}
