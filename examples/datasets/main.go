// Datasets moves a model from one node to another while it is being called.
//
// Two nodes, east and west, offer a function under the same name, predict: each
// for a straight line fitted to a dataset of its own, which is the loc that
// tells them apart. Callers name the dataset, never the node. Then the dataset of
// west moves to east, while calls go on at both nodes: each of them is answered,
// by the right model, and nobody notices but for the name of the node that the
// answers carry.
//
//	go run ./examples/datasets
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mpreg/mpreg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "datasets:", err)
		os.Exit(1)
	}
}

// patience is far more than all of it takes: what is awaited then never comes.
const patience = time.Minute

func run(ctx context.Context, stdout io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	forbes, hubble := newModel("forbes-1857", forbes1857), newModel("hubble-1929", hubble1929)
	east, stopEast, err := start(ctx, "east")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopEast()) }()
	west, stopWest, err := start(ctx, "west", east.URL())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopWest()) }()

	if err := offer(east, forbes); err != nil {
		return err
	}
	if err := offer(west, hubble); err != nil {
		return err
	}
	err = errors.Join(awaitOffer(ctx, east, west, hubble), awaitOffer(ctx, west, east, forbes))
	if err != nil {
		return err
	}
	if err := show(ctx, stdout, []*mpreg.Server{east, west}, []*Model{forbes, hubble}); err != nil {
		return err
	}

	fmt.Fprintf(stdout, "\n%s moves from west to east, while calls go on.\n\n", hubble.name)
	calls, err := moveCalled(ctx, hubble, west, east, forbes, hubble)
	if err != nil {
		return err
	}
	if err := show(ctx, stdout, []*mpreg.Server{east, west}, []*Model{forbes, hubble}); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nNo call was lost, and no answer wrong:\n%s", calls)
	return nil
}

// moveCalled moves a model while both nodes get calls for all models, and returns
// what was answered. It sees to it that there were calls before and after.
func moveCalled(ctx context.Context, m *Model, from, to *mpreg.Server, models ...*Model) (*traffic, error) {
	calls, ctx := begin(ctx, []*mpreg.Server{from, to}, models)
	err := calls.await(ctx, m, from)
	if err == nil {
		err = move(ctx, m, from, to)
	}
	if err == nil {
		err = calls.await(ctx, m, to)
	}
	if failed := calls.end(); failed != nil {
		return nil, failed
	}
	return calls, err
}

// show prints what each node offers, and a prediction of each model.
func show(ctx context.Context, stdout io.Writer, nodes []*mpreg.Server, models []*Model) error {
	for _, node := range nodes {
		fmt.Fprintf(stdout, "%s has %q\n", node.Name(), datasets(node.Functions()))
	}
	for _, m := range models {
		x := m.rows[0].x
		p, err := predict(ctx, nodes[0].Client(), m, x)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "predict(%g) at %s: %.2f, by %s\n", x, m.name, p.Value, p.Node)
	}
	return nil
}
