package chaos_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// call is one call of a client, and what became of it.
type call struct {
	id      string
	at      time.Duration // since the scenario began
	client  int           // which one calls
	graph   *graph
	timeout time.Duration
	cancel  time.Duration // after which its caller gives up; 0 is never
	options options

	items    int // of a stream, before an error
	left     bool
	finished map[string]bool // commands of which an event told

	took time.Duration // until it ended; 0 while it has not
	err  *mpreg.Error
	bad  []complaint // what was seen to be wrong
}

// options are those of the call.
type options struct {
	wait       bool          // for a route
	hedge      time.Duration // after which a second attempt is made; 0 is never
	events     bool
	levels     bool          // return the results of all commands
	leave      int           // a stream's loop is left after so many items; 0 is never
	dally      time.Duration // how long the loop takes for an item
	idempotent bool          // the client may repeat the whole
}

func (c *call) list() []mpreg.CallOption {
	var list []mpreg.CallOption
	o := c.options
	if o.wait {
		list = append(list, mpreg.WaitForRoute())
	}
	if o.hedge > 0 {
		list = append(list, mpreg.Hedge(o.hedge))
	}
	if o.events {
		list = append(list, mpreg.OnEvent(c.event))
	}
	if o.idempotent {
		list = append(list, mpreg.Idempotent())
	}
	return list
}

func (c *call) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, a %s by client %d at %v with %v", c.id, c.graph.shape, c.client, c.at, c.timeout)
	if c.cancel > 0 {
		fmt.Fprintf(&b, ", given up after %v", c.cancel)
	}
	if c.options != (options{}) {
		fmt.Fprintf(&b, ", %+v", c.options)
	}
	if c.took > 0 || c.err == nil {
		fmt.Fprintf(&b, ", ended after %v", c.took)
	}
	if c.err != nil {
		fmt.Fprintf(&b, " with %v %v", c.err, c.err.Details)
	}
	return b.String()
}

// do makes the call, and looks at what can be told at once.
func (c *call) do(ctx context.Context, client *mpreg.Client) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if c.cancel > 0 {
		defer time.AfterFunc(c.cancel, cancel).Stop()
	}
	start := time.Now()
	err := c.run(ctx, client.With(c.list()...))
	c.took = time.Since(start)
	if err != nil && !errors.As(err, &c.err) {
		c.wrong(groundless, "the error is a %T: %v", err, err)
	}
	end := c.timeout
	if c.cancel > 0 {
		end = min(end, c.cancel)
	}
	if c.took > end+overdue {
		c.wrong(late, "it ended %v after its end", c.took-end)
	}
	if c.err != nil {
		c.judge(end)
	} else if c.options.events && len(c.finished) != len(c.graph.commands) && !c.left {
		c.wrong(wrongResult, "events told that %v had finished", slices.Sorted(maps.Keys(c.finished)))
	}
}

// overdue is how much later than its deadline a call may end: fake time goes on
// only when all wait.
const overdue = time.Millisecond

// run makes the call and checks its results.
func (c *call) run(ctx context.Context, client *mpreg.Client) error {
	if c.graph.shape == "stream" {
		return c.stream(ctx, client)
	}
	request, sent := c.graph.request()
	if c.options.levels {
		request.ReturnIntermediate().IncludeSummary()
	}
	response, err := client.Do(ctx, request)
	if err != nil {
		return err
	}
	if c.options.levels {
		c.checkLevels(response)
	}
	want := c.graph.expected()
	if len(response.Results) != len(want) {
		c.wrong(wrongResult, "%d results, want %d", len(response.Results), len(want))
	}
	for i, tree := range want {
		if got, err := mpreg.Get[any](response, sent[i]); err != nil {
			c.wrong(wrongResult, "the result of %s: %v", commandName(i), err)
		} else if !same(got, tree) {
			c.wrong(wrongResult, "the result of %s is wrong: %.200v, want %.200v", commandName(i), got, tree)
		}
	}
	return nil
}

// checkLevels looks at what the response tells of the execution.
func (c *call) checkLevels(response *mpreg.Response) {
	told := 0
	for _, level := range response.Levels {
		told += len(level.Results)
	}
	if s := response.Summary; s == nil || told != len(c.graph.commands) || len(s.Levels) != len(response.Levels) {
		c.wrong(wrongResult, "%d results in %d levels, want %d; summary %+v", told, len(response.Levels), len(c.graph.commands), s)
	}
}

// stream calls a stream and checks its items.
func (c *call) stream(ctx context.Context, client *mpreg.Client) error {
	cmd := &c.graph.commands[0]
	name, w := cmd.function.name, cmd.work
	n := 0
	for item, err := range mpreg.Stream[result](ctx, client.With(mpreg.At(cmd.locs...)), name, w) {
		if err != nil {
			c.items = n
			return err
		}
		if want := w.item(name, n); item != want {
			c.wrong(wrongResult, "item %d is wrong: %.200v, want %.200v", n, item, want)
		}
		if n++; n == c.options.leave {
			c.left = true
			return nil
		}
		if c.options.dally > 0 {
			select {
			case <-time.After(c.options.dally):
			case <-ctx.Done():
			}
		}
	}
	if n != w.Items {
		c.wrong(wrongResult, "%d items, want %d", n, w.Items)
	}
	return nil
}

// event notes an event of a call.
func (c *call) event(e mpreg.Event) {
	if e.Kind == mpreg.CommandFinished {
		if c.finished == nil {
			c.finished = make(map[string]bool)
		}
		c.finished[e.Command] = true
	}
}

// same reports whether two trees are equal, whatever the types of their numbers.
func same(a, b any) bool {
	x, y := sha256.New(), sha256.New()
	digest(x, a)
	digest(y, b)
	return slices.Equal(x.Sum(nil), y.Sum(nil))
}
