// Embed mounts a node in an HTTP service that has routes, a logger and an end of
// its own.
//
// The service takes orders. Its functions are called by the service's own JSON
// routes, and by whoever connects a websocket to /mpreg. Without flags the
// program starts it on a free port of 127.0.0.1, asks it a few things either
// way, and stops it.
//
//	go run ./examples/embed
//	go run ./examples/embed -serve    # until interrupted
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: embed [-serve]
Takes orders by HTTP and by websocket: shows both, or serves until interrupted.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal does not wait for what runs
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer, args []string) error {
	flags := flag.NewFlagSet("embed", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	stay := flags.Bool("serve", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(stdout, usage)
		return err
	case err != nil:
		return fmt.Errorf("%w\n%s", err, usage)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q\n%s", flags.Arg(0), usage)
	}

	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := newService(l, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	shown := make(chan error, 1)
	go func() {
		err := show(ctx, stdout, s, *stay)
		if err != nil || !*stay {
			stop()
		}
		shown <- err
	}()
	err = s.serve(ctx)
	stop() // also if the service ended by itself
	return errors.Join(err, <-shown)
}

// show prints where the service is, and shows it if nobody else is to use it.
func show(ctx context.Context, stdout io.Writer, s *service, stay bool) error {
	if err := s.node.Ready(ctx); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "serving http://%s/orders and %s\n", s.listener.Addr(), s.node.URL())
	if stay {
		return nil
	}
	return tour(ctx, stdout, s)
}
