package chaos_test

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// run runs the scenario, in a bubble, and counts what happened.
func (s *scenario) run(t *testing.T, sum *tally) {
	l := newLedger()
	opts := []mpregtest.Option{
		mpregtest.Latency(s.latency),
		mpregtest.Config(s.configure),
		mpregtest.Setup(func(node int, server *mpreg.Server) error {
			for _, f := range s.functions {
				if err := f.register(node, server, l); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	var common []mpreg.ClientOption
	if !*logs {
		discard := mpreg.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
		opts = append(opts, mpregtest.ServerOptions(func(int) []mpreg.ServerOption { return []mpreg.ServerOption{discard} }))
		common = append(common, discard)
	}
	c := mpregtest.NewCluster(t, s.nodes, opts...)
	for _, from := range s.clients {
		from.connect(c, common)
	}

	start := time.Now()
	var calling sync.WaitGroup
	for _, call := range s.calls {
		calling.Go(func() {
			<-time.After(call.at)
			call.do(t.Context(), s.clients[call.client].get())
			if s.steady() {
				<-time.After(promptly)
				call.ceased(l)
			}
		})
	}
	inject := &injector{scenario: s, cluster: c, ledger: l, down: make(map[int]bool), count: make(map[string]int)}
	for _, f := range s.faults {
		<-time.After(time.Until(start.Add(f.at)))
		if inject.strike(f) {
			t.Logf("%v: %v", f.at, f)
		}
	}
	<-time.After(time.Until(start.Add(s.lasts)))
	inject.mend()
	sum.scenarios, sum.faults, sum.wrong = 1, inject.count, make(map[string]int)
	s.await(t, &calling, sum)
	c.WaitConverged()
	s.comesToRest(t, c, l, sum)
	s.works(t)
	s.conclude(t, l, inject.failed, sum)
}

// configure configures a node.
func (s *scenario) configure(node int, cfg *mpreg.Config) {
	cfg.DrainTimeout = s.drain
	cfg.LeaseMemoryBytes, cfg.MaxLeaseBytes = s.memory, s.leased
	cfg.Unreachable = node >= s.nodes-s.hidden
	for hidden := s.nodes - s.hidden; hidden < s.nodes; hidden++ {
		cfg.Peers = slices.DeleteFunc(cfg.Peers, func(url string) bool { return url == fmt.Sprintf("ws://node-%d", hidden) })
	}
}

// calm reports whether nothing happens, steady whether nothing does to nodes and
// network, and gentle whether nothing does that a caller may notice, but that a
// function is not offered for a while.
func (s *scenario) calm() bool { return len(s.kinds) == 0 }
func (s *scenario) steady() bool {
	return s.calm() || slices.Equal(s.kinds, []string{"hang up", "withdraw"})
}
func (s *scenario) gentle() bool { return s.calm() || slices.Equal(s.kinds, []string{"drain"}) }

// promptly is how soon what nobody waits for has to end, where nothing holds back
// the news.
const promptly = 100 * time.Millisecond

// await waits for the calls, longer than any of them may take. One that never ends
// would have the fake time go on for ever.
func (s *scenario) await(t *testing.T, calling *sync.WaitGroup, sum *tally) {
	done := make(chan struct{})
	go func() { calling.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		for _, c := range s.calls {
			if c.took == 0 && c.err == nil {
				sum.wrong[late]++
				t.Errorf("%v: it has not ended", c)
			}
		}
		t.FailNow() // which has the bubble tell where they are
	}
}

// comesToRest waits until nothing runs and nothing is held any more.
func (s *scenario) comesToRest(t *testing.T, c *mpregtest.Cluster, l *ledger, sum *tally) {
	const patience = time.Minute
	start := time.Now()
	for {
		left := l.busy()
		for _, n := range c.Nodes() {
			status, err := mpreg.Call[mpreg.Status](t.Context(), n.Server().Client(), "mpreg.status")
			if err != nil {
				t.Fatalf("the status of %s: %v", n.Name(), err)
			}
			if status.InFlight != 1 || status.Leases != (mpreg.LeaseCounts{}) || status.State != "running" { // the call for it is in flight
				left = append(left, fmt.Sprintf("%s is %s and has %d requests in flight, and leases %+v", n.Name(), status.State, status.InFlight-1, status.Leases))
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Since(start) > patience {
			sum.wrong[leak] += len(left)
			t.Errorf("%v after all was healed there is left:\n  %s", patience, strings.Join(left, "\n  "))
			return
		}
		<-time.After(100 * time.Millisecond)
	}
}

// works fails the test unless each client can call each function.
func (s *scenario) works(t *testing.T) {
	r := rand.New(rand.NewPCG(s.seed, 1))
	for i, from := range s.clients {
		client := from.get()
		if err := client.Ready(t.Context()); err != nil {
			t.Errorf("client %d is not ready: %v", i, err)
			continue
		}
		for _, f := range s.functions {
			w := work{Key: fmt.Sprintf("last/%s-%d", f.name, i), Seed: r.Uint64()}
			want := w.compute(f.name, []any{}).tree()
			if f.streams {
				w.Items = 3
				want = w.items(f.name)
			}
			got, err := mpreg.Call[any](t.Context(), client, f.name, f.arguments(w, []any{})...)
			if err != nil || !same(got, want) {
				t.Errorf("when all is well again client %d calls %s: %v, %v, want %v", i, f.name, got, err, want)
			}
		}
	}
}

// conclude holds all calls against the ledger. failed are the drains that failed.
func (s *scenario) conclude(t *testing.T, l *ledger, failed []error, sum *tally) {
	sum.commands = l.total()
	if s.gentle() {
		for _, err := range failed {
			t.Errorf("who had time enough did not drain: %v", err)
		}
	}
	for _, c := range s.calls {
		sum.ended(c)
		sum.repeated += c.audit(l)
		switch e := c.err; {
		case e == nil, e.Code == ownCode, e.Code == mpreg.Canceled, e.Code == mpreg.DeadlineExceeded, e.Details["cause"] != nil:
		case e.Code == mpreg.ResourceExhausted && e.Details["limit"] == "max_concurrent":
		case s.calm(), s.gentle() && e.Executed != mpreg.ExecutedNo && e.Details["attempts"] == nil:
			c.wrong(groundless, "nothing had happened that could be noticed")
		}
		if len(c.bad) > 0 {
			t.Errorf("call %v:%s", c, c.complaints(sum.wrong))
		}
	}
}
