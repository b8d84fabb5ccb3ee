// Command bench measures mpreg beside other ways to call a function over a
// connection, in one run. See README.md.
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
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := start(ctx)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		// The flags were printed, as asked for.
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context) error {
	if os.Getenv(childVariable) != "" {
		return beChild(ctx, os.Stdin, os.Stdout)
	}
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string, out, usage io.Writer) error {
	s := settings{bulk: 100 << 20, relay: 16 << 20, chain: 1 << 20}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(usage)
	pattern := flags.String("run", "", "measure the rows whose \"section/row\" matches this `REGEXP`, such as ^echo/mpreg")
	flags.IntVar(&s.rounds, "rounds", 5, "the median is that of `N` rounds")
	flags.DurationVar(&s.span, "for", 500*time.Millisecond, "how long each measurement of a round takes")
	dir := flags.String("profile", "", "write cpu.pprof and allocs.pprof into this `DIR`; it makes all slower")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || s.rounds < 1 || s.span <= 0 {
		return fmt.Errorf("%q: want -rounds of 1 or more, -for of more than 0, and nothing but flags", args)
	}
	chosen, err := choose(*pattern)
	if err != nil {
		return err
	}
	return profiled(*dir, func() error { return report(ctx, s, chosen, out) })
}

// report runs the sections and prints their tables.
func report(ctx context.Context, s settings, chosen []section, out io.Writer) error {
	_, err := fmt.Fprintf(out, "%s %s/%s, %d cores for clients and servers together; medians of %d rounds of %v.\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), s.rounds, s.span)
	if err != nil {
		return err
	}
	business := watchMachine()
	for _, section := range chosen {
		tables, err := section.run(ctx, s, section.rows)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := t.write(out); err != nil {
				return err
			}
		}
	}
	_, err = io.WriteString(out, business())
	return err
}
