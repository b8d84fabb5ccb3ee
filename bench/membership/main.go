// Command membership measures how clusters learn who is there and what they offer:
// mpreg beside hashicorp/memberlist, in one run. All nodes are in this process, each
// on a network host of its own on loopback, where cables are pulled and processes
// killed for both alike. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		// The flags were printed, as asked for.
	case err != nil:
		fmt.Fprintln(os.Stderr, "membership:", err)
		os.Exit(1)
	}
}

// run measures what args ask for, and prints tables on out and what it does on
// progress. It prints what it has measured also if some of it failed.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("membership", flag.ContinueOnError)
	flags.SetOutput(progress)
	nodes := flags.String("nodes", "10,30,100", "measure clusters of these `SIZES`")
	only := flags.String("only", "", "measure what has a \"scenario/contender\" that matches this `REGEXP`, such as ^start/")
	rounds := flags.Int("rounds", 0, "run each scenario `N` times with each contender (3; with -quick 1)")
	limit := flags.Duration("limit", 0, "give up on what takes longer than `D`, and watch idle clusters no longer than it; 0 is 10 minutes for a start, 2 for the rest")
	brief := flags.Bool("quick", false, "measure and wait briefly: to see that it works")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *rounds < 0 {
		return fmt.Errorf("%q: want -rounds of 1 or more, and nothing but flags", args)
	}
	s := thorough
	if *brief {
		s = quick
	}
	if *rounds > 0 {
		s.rounds = *rounds
	}
	if *limit > 0 {
		s = s.within(*limit)
	}
	sizes, err := parseSizes(*nodes)
	if err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	return report(ctx, s, sizes, chosen, out, progress)
}

// minNodes is the size that the scenarios need: some stay when others go.
const minNodes = 6

func parseSizes(list string) ([]int, error) {
	var sizes []int
	for field := range strings.SplitSeq(list, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || size < minNodes || size > 1000 {
			return nil, fmt.Errorf("-nodes: %q is no size from %d to 1000", field, minNodes)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// report runs the scenarios and prints the tables.
func report(ctx context.Context, s settings, sizes []int, chosen []choice, out, progress io.Writer) error {
	_, err := fmt.Fprintf(out, `%s; all nodes in one process. Rounds: %d; medians.
Bytes are those that a node sends, without what TCP, UDP and IP add.
Ideal: each catalog (%d functions, %s) once to each other node.
Idle: %v. The partition lasts %v, the load of all cores %v.

`, machine(time.Now()), s.rounds, offersPerNode, data(float64(len(text(catalogOf(0))))), s.idle, s.split, s.load)
	if err != nil {
		return err
	}
	var rows []*row
	for _, one := range chosen {
		rows = append(rows, one.rows...)
	}
	r := &runner{settings: s, progress: progress, goroutines: runtime.NumGoroutine()}
	var failed []error
	for _, size := range sizes {
		found, err := r.run(ctx, size, chosen)
		failed = append(failed, err, found.write(out, size, rows))
	}
	return errors.Join(failed...)
}
