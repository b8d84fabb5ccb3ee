// Stdlib searches the Go toolchain's own source with one request to three
// processes.
//
// The program starts itself three times. Each of these processes is a node: it
// parses some of eight packages, and offers the functions stats and search for
// each of them, under the same names eight times, with the package as the loc
// that tells them apart. The program itself is only a client, of the first node.
// Its request asks all packages for their statistics, weighs the question's words
// by them, searches all packages, ranks what they found and summarises it:
// nineteen commands that name their inputs, not where they run. Each runs where
// its package is, as soon as its inputs are there, and says with its result which
// process that was.
//
//	go run ./examples/stdlib                        # deadline timeout
//	go run ./examples/stdlib -n 5 verify certificate
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage: stdlib [-n hits] [-nodes processes] [word...]
Searches Go's standard library for the words; by default "deadline timeout", 10 hits,
with the packages in 3 processes.
`

func main() {
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return
	case err == nil && o.node != "":
		err = nodeMain(o)
	case err == nil:
		err = clientMain(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stdlib:", err)
		os.Exit(1)
	}
}

func clientMain(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt does not wait for the nodes
	return ask(ctx, os.Stdout, o)
}

// options are what the command line says.
type options struct {
	limit    int    // hits
	nodes    int    // processes
	question string // the words to search for

	// What ask tells the processes that it starts.
	node     string   // the node's name
	peers    []string // the URLs of the nodes before it
	packages []string // what it holds
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("stdlib", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.limit, "n", 10, "")
	flags.IntVar(&o.nodes, "nodes", 3, "")
	flags.StringVar(&o.node, "node", "", "")
	peers := flags.String("peers", "", "")
	if err := flags.Parse(args); err != nil {
		return options{}, fmt.Errorf("%w\n%s", err, usage)
	}
	switch {
	case o.limit < 1:
		return options{}, fmt.Errorf("-n %d: ask for one hit at least\n%s", o.limit, usage)
	case o.nodes < 1 || o.nodes > len(packages):
		return options{}, fmt.Errorf("-nodes %d: the %d packages take 1 to %d processes\n%s",
			o.nodes, len(packages), len(packages), usage)
	}
	if o.node != "" {
		o.packages = flags.Args()
		if *peers != "" {
			o.peers = strings.Split(*peers, ",")
		}
	} else if o.question = strings.Join(flags.Args(), " "); o.question == "" {
		o.question = "deadline timeout"
	}
	return o, nil
}

// newLog returns a logger of what a user should see besides the answer.
func newLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
