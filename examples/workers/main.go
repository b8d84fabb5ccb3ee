// Workers calls functions of programs in other languages.
//
// It is a node, and starts two workers: worker.js and worker.py, of one page each,
// which connect to it and offer a function. To whoever calls they are functions like
// those that are written in Go: alone, or in one request that needs all three.
//
//	go run ./examples/workers
//
// It needs nothing to be installed: what can't run here is skipped, and the output
// says why.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/mpreg/mpreg"
)

const text = "workers offer functions from wherever somebody has written them already"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "workers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer) (err error) {
	node, stop, err := start(ctx)
	if err != nil {
		return err
	}
	var workers []*worker
	defer func() {
		err = errors.Join(err, stop()) // which ends the links of the workers, and so the workers
		for _, w := range workers {
			err = errors.Join(err, w.wait())
		}
	}()
	fmt.Fprintln(stdout, "Go offers words and report")
	there := map[string]bool{}
	for _, l := range languages {
		args, err := l.command(ctx)
		if ctx.Err() != nil { // which fails every look at what is there
			return context.Cause(ctx)
		}
		if skip, ok := errors.AsType[skipped](err); ok {
			fmt.Fprintf(stdout, "%s is skipped: %s\n", l.name, skip)
			continue
		}
		if err != nil {
			return err
		}
		w, err := startWorker(ctx, l.name, append(args, node.URL()))
		if err != nil {
			return err
		}
		workers, there[l.name] = append(workers, w), true
		fmt.Fprintf(stdout, "%s offers %s\n", l.name, l.offers)
	}
	return call(ctx, stdout, node.Client(), there)
}

// call calls what there is.
func call(ctx context.Context, stdout io.Writer, client *mpreg.Client, there map[string]bool) error {
	if there["Node"] {
		list, err := mpreg.Call[string](ctx, client, "list", []string{"eins", "zwei", "drei"}, mpreg.Kwargs{"language": "de"})
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "list:   %q\n", list)
	}
	if there["Python"] {
		found, err := mpreg.Call[survey](ctx, client, "survey", []string{"one", "two", "three"}, mpreg.Kwargs{"longest": 1})
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "survey: %+v\n", found)

		// What a worker's function raises is the error of the call.
		_, err = client.Call(ctx, "survey", []string{})
		fmt.Fprintf(stdout, "error:  %v\n", err)
	}
	if !there["Node"] || !there["Python"] {
		fmt.Fprintln(stdout, "graph:  skipped, as it needs both")
		return nil
	}

	// One request to three languages. None of its commands says where it runs.
	r := mpreg.NewRequest()
	found := r.Add("survey", r.Add("words", text))
	list := r.Add("list", found.Field("longest"))
	report := r.Add("report", list, found.Field("mean"))
	response, err := client.Do(ctx, r)
	if err != nil {
		return err
	}
	line, err := mpreg.Get[string](response, report)
	fmt.Fprintf(stdout, "graph:  %s\n", line)
	return err
}
