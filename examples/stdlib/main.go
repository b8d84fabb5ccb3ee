// Stdlib searches the Go toolchain's own source with one request.
//
// Each of eight packages is indexed and offered as the functions stats and
// search, under the same names eight times, with the package as the loc that
// tells them apart. The request asks all eight for their statistics, weighs the
// question's words by them, searches all eight, ranks what they found and
// summarises it: nineteen commands that name their inputs, and the node runs
// each as soon as these are there.
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

	"github.com/mpreg/mpreg"
)

const usage = `usage: stdlib [-n hits] [word...]
Searches Go's standard library for the words; by default "deadline timeout", 10 hits.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stdlib:", err)
		os.Exit(1)
	}
}

// run indexes the packages and prints the answer to the question in args.
func run(ctx context.Context, stdout io.Writer, args []string) error {
	flags := flag.NewFlagSet("stdlib", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	limit := flags.Int("n", 10, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(stdout, usage)
		return err
	case err != nil:
		return fmt.Errorf("%w\n%s", err, usage)
	case *limit < 1:
		return fmt.Errorf("-n %d: ask for one hit at least\n%s", *limit, usage)
	}
	question := strings.Join(flags.Args(), " ")
	if question == "" {
		question = "deadline timeout"
	}

	root, err := goroot(ctx)
	if err != nil {
		return err
	}
	indexes, err := indexAll(root, packages)
	if err != nil {
		return err
	}
	return answer(ctx, stdout, indexes, question, *limit)
}

// answer starts a node that offers the indexes, asks it, and prints its answer.
func answer(ctx context.Context, stdout io.Writer, indexes []*Index, question string, limit int) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	node, err := newNode(indexes, mpreg.WithLogger(log))
	if err != nil {
		return err
	}
	return serve(ctx, node, func(ctx context.Context) error {
		client := mpreg.NewClient(node.URL(), mpreg.WithLogger(log))
		defer client.Close()

		q := newInquiry(question, packages, limit)
		resp, err := client.Do(ctx, q.request)
		if err != nil {
			return err
		}
		text, err := mpreg.Get[string](resp, q.summary)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "%s\nOne request to %s: %s", text, node.URL(), q.execution(resp.Summary))
		return err
	})
}

// newNode offers the functions: those of an index at its package, the others
// anywhere.
func newNode(indexes []*Index, opts ...mpreg.ServerOption) (*mpreg.Server, error) {
	node, err := mpreg.NewServer(mpreg.Config{}, opts...)
	if err != nil {
		return nil, err
	}
	errs := []error{
		node.Register("weigh", Weigh),
		node.Register("rank", Rank),
		node.Register("summarise", Summarise),
	}
	for _, ix := range indexes {
		errs = append(errs,
			node.Register("stats", ix.Stats, ix.pkg),
			node.Register("search", ix.Search, ix.pkg))
	}
	return node, errors.Join(errs...)
}

// serve runs the node for as long as use takes, and waits for its end.
func serve(ctx context.Context, node *mpreg.Server, use func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- node.Serve(ctx) }()

	err := node.Ready(ctx)
	if err == nil {
		err = use(ctx)
	}
	stop()
	return errors.Join(err, <-served)
}
