package mpregtest_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestNode: every way to a node leads there.
func TestNode(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 2, alone(mpregtest.Setup(functions))...)
		for i, name := range []string{"node-0", "node-1"} {
			n := c.Node(i)
			if n != c.Nodes()[i] || n.Name() != name || n.Server().Name() != name || n.URL() != "ws://"+name || n.Server().URL() != n.URL() {
				t.Errorf("node %d: name %q, URL %q; its server: %q, %q", i, n.Name(), n.URL(), n.Server().Name(), n.Server().URL())
			}
			where(t, n.Client(), name)
			where(t, n.Server().Client(), name)
		}
		if len(c.Nodes()) != 2 {
			t.Errorf("%d nodes", len(c.Nodes()))
		}
		where(t, c.Client(), "node-0", "node-1")
	})
}

// TestKill: who waits for the node is told; nothing reaches it until it is
// restarted, under the same name at the same address.
func TestKill(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		started, ended := make(chan struct{}), make(chan error, 1)
		c := mpregtest.NewCluster(t, 1, alone(mpregtest.Setup(functions), mpregtest.Setup(func(_ int, s *mpreg.Server) error {
			return s.Register("hang", func(ctx context.Context) error {
				started <- struct{}{}
				<-ctx.Done()
				ended <- ctx.Err()
				return ctx.Err()
			})
		}))...)
		n := c.Node(0)
		first, outside := n.Server(), n.Client()
		for name, caller := range map[string]func() *mpreg.Client{
			"from outside": func() *mpreg.Client { return outside },
			"from within":  func() *mpreg.Client { return n.Server().Client() },
		} {
			failed := make(chan error, 1)
			c.WaitConverged()
			client := caller()
			must(t, client.Ready(t.Context()))
			go func() {
				_, err := client.Call(context.Background(), "hang")
				failed <- err
			}()
			<-started
			n.Kill()
			n.Kill() // once more does nothing
			if err := <-failed; !errors.Is(err, mpreg.Unavailable) {
				t.Errorf("%s: the caller got %v", name, err)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: the function's context ended with %v", name, err)
			}
			if _, err := c.Dial(t.Context(), "tcp", "node-0:80"); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("dialing a killed node: %v", err)
			}
			if _, err := n.Client().Call(t.Context(), "where"); !errors.Is(err, mpreg.Unavailable) {
				t.Errorf("calling a killed node: %v", err)
			}
			if err := n.Stop(); err != nil {
				t.Errorf("stopping a killed node: %v", err)
			}
			n.Restart()
			if n.Name() != "node-0" || n.URL() != "ws://node-0" || n.Server() == first || n.Server().ID() == first.ID() {
				t.Errorf("after Restart: %q at %q, the same server: %v", n.Name(), n.URL(), n.Server() == first)
			}
			where(t, n.Client(), "node-0")
		}
		c.WaitConverged()
		must(t, outside.Ready(t.Context())) // it finds the node again by itself
		where(t, outside, "node-0")
	})
}

// TestKillTakesNoTime: no deadline, and no drain, has to pass.
func TestKillTakesNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := recorded(t, func(tb testing.TB) {
			started := make(chan struct{})
			c := mpregtest.NewCluster(tb, 1, alone(mpregtest.Setup(func(_ int, s *mpreg.Server) error {
				return s.Register("hang", func(ctx context.Context) { close(started); <-ctx.Done() })
			}))...)
			go c.Node(0).Server().Client().Call(context.Background(), "hang")
			<-started
			c.Node(0).Kill()
		})
		if took := time.Since(start); took != 0 || len(r.reports) != 0 {
			t.Errorf("took %v of fake time; reports: %q", took, r.reports)
		}
	})
}

// TestKillFromWithin: a function may kill the node that it runs on; nobody gets
// its answer.
func TestKillFromWithin(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		var n *mpregtest.Node
		c := mpregtest.NewCluster(t, 1, alone(mpregtest.Setup(func(_ int, s *mpreg.Server) error {
			return s.Register("die", func() string { n.Kill(); return "alive" })
		}))...)
		n = c.Node(0)
		var failure *mpreg.Error
		if v, err := n.Client().Call(t.Context(), "die"); !errors.As(err, &failure) ||
			failure.Code != mpreg.Unavailable || failure.Executed != mpreg.ExecutedMaybe {
			t.Errorf("got %v, %v", v, err)
		}
	})
}

// TestKillIsSilent: a killed node does not go on to log how it stops.
func TestKillIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := recorded(t, func(tb testing.TB) {
			mpregtest.NewCluster(tb, 1, alone()...).Node(0).Kill()
		})
		if log := r.output.String(); !strings.Contains(log, "node=node-0") || strings.Contains(log, "drain") || strings.Contains(log, "stopped") {
			t.Errorf("the log:\n%s", log)
		}
		r = recorded(t, func(tb testing.TB) { mpregtest.NewCluster(tb, 1, alone()...) })
		if log := r.output.String(); !strings.Contains(log, "node stopped") {
			t.Errorf("the log of a node that was stopped:\n%s", log)
		}
	})
}

// TestStop: what runs is answered first.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started, release := make(chan struct{}), make(chan struct{})
		c := mpregtest.NewCluster(t, 1, alone(mpregtest.Setup(functions), mpregtest.Setup(func(_ int, s *mpreg.Server) error {
			return s.Register("slow", func() string { close(started); <-release; return "done" })
		}))...)
		n := c.Node(0)
		answered, stopped := make(chan error, 1), make(chan error, 1)
		go func() {
			got, err := mpreg.Call[string](context.Background(), n.Client(), "slow")
			if err == nil && got != "done" {
				err = errors.New(got)
			}
			answered <- err
		}()
		<-started
		go func() { stopped <- n.Stop() }()
		synctest.Wait()
		if len(stopped) != 0 || len(answered) != 0 {
			t.Fatal("the node did not wait for what runs")
		}
		close(release)
		if err := <-answered; err != nil {
			t.Errorf("the answer: %v", err)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Stop: %v", err)
		}
		if err := n.Stop(); err != nil {
			t.Errorf("Stop again: %v", err)
		}
		if _, err := c.Dial(t.Context(), "tcp", "node-0:80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialing a stopped node: %v", err)
		}
		n.Restart()
		where(t, n.Client(), "node-0")
	})
}

// TestStopTooLate: Stop returns what Serve does when a function does not end, and a
// Kill ends the wait.
func TestStopTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := make(chan struct{}, 1)
		c := mpregtest.NewCluster(t, 1, alone(quiet(),
			mpregtest.Config(func(_ int, cfg *mpreg.Config) { cfg.DrainTimeout = time.Hour }),
			mpregtest.Setup(func(_ int, s *mpreg.Server) error {
				return s.Register("hang", func(ctx context.Context) { started <- struct{}{}; <-ctx.Done() })
			}))...)
		n := c.Node(0)
		hang := func() {
			go n.Client().Call(context.Background(), "hang")
			<-started
		}
		hang()
		start := time.Now()
		if err := n.Stop(); err == nil || time.Since(start) < time.Hour {
			t.Errorf("Stop: %v after %v of fake time", err, time.Since(start))
		}

		n.Restart()
		hang()
		start = time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- n.Stop() }()
		synctest.Wait()
		n.Kill()
		if err := <-stopped; err != nil || time.Since(start) != 0 {
			t.Errorf("Stop of a node that is killed: %v after %v of fake time", err, time.Since(start))
		}
	})
}

// TestRestartRunning: a node that runs can't be started.
func TestRestartRunning(t *testing.T) {
	recorded(t, func(tb testing.TB) {
		mpregtest.NewCluster(tb, 1, alone()...).Node(0).Restart()
	}).says(t, "restarting node-0, which runs", "Stop or Kill it first")
}
