// Quickstart calls functions of a node, which node.go starts, over a websocket.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mpreg/mpreg"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer) (err error) {
	node, stop, err := start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	// A call. Its result becomes what the type argument says.
	words, err := mpreg.Call[[]string](ctx, client, "words", "functions find each other")
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "words:   %q\n", words)

	// Keyword arguments come last.
	loud, err := mpreg.Call[string](ctx, client, "shout", "hello", mpreg.Kwargs{"marks": 3})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "shout:   %q\n", loud)

	// Dependent calls in one request: a command in an argument stands for its result.
	r := mpreg.NewRequest()
	long := r.Add("longest", r.Add("words", "each runs when its inputs are there"))
	r.Add("shout", long, mpreg.Kwargs{"marks": 1})
	resp, err := client.Do(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "graph:   %s\n", resp.Results["shout"])

	// An error has a code, and says whether the function ran.
	_, err = client.Call(ctx, "longest", []string{})
	fmt.Fprintf(stdout, "error:   %v\nits code is noWords: %t\n", err, errors.Is(err, noWords))
	return nil
}
