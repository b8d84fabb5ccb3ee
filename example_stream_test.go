package mpreg_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// fibonacci is a stream: a function that returns an iter.Seq2[T, error].
func fibonacci() iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for a, b := 0, 1; ; a, b = b, a+b {
			if !yield(a, nil) {
				return
			}
		}
	}
}

// Items are decoded as they come. To leave the loop stops the function, which
// would not end by itself.
func ExampleStream() {
	node, stop := startNode(map[string]any{"fibonacci": fibonacci})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	for n, err := range mpreg.Stream[int](context.Background(), client, "fibonacci") {
		if err != nil || n > 50 {
			break
		}
		fmt.Print(n, " ")
	}
	// Output: 0 1 1 2 3 5 8 13 21 34
}

// Without a type argument items stay encoded. An error is the last pair.
func ExampleClient_Stream() {
	node, stop := startNode(map[string]any{
		"lines": func(n int) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for i := range n {
					if !yield(fmt.Sprint("line ", i+1), nil) {
						return
					}
				}
				yield("", mpreg.Errorf(2001, "the paper is torn"))
			}
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	for line, err := range client.Stream(context.Background(), "lines", 2) {
		fmt.Println(line, err)
	}
	// Output:
	// "line 1" <nil>
	// "line 2" <nil>
	// null mpreg: code 2001: the paper is torn (function "lines", node "node-1", executed)
}

// startTwo runs two nodes, which know each other and what they offer when it
// returns, each with the function that fn returns for its name.
func startTwo(name string, fn func(node string) any) (a, b *mpreg.Server, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	start := func(node string, peers ...string) (*mpreg.Server, <-chan error) {
		s, err := mpreg.NewServer(mpreg.Config{Name: node, Peers: peers, DrainTimeout: 10 * time.Millisecond}, mpreg.WithLogger(testkit.Quiet))
		if err != nil {
			panic(err)
		}
		if err := s.Register(name, fn(node)); err != nil {
			panic(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx) }()
		if err := s.Ready(ctx); err != nil {
			panic(err)
		}
		return s, served
	}
	a, servedA := start("a")
	b, servedB := start("b", a.URL())
	for range time.Tick(time.Millisecond) {
		members := a.Members()
		if len(members) == 2 && len(members[1].Functions) == 1 && len(b.Members()) == 2 {
			break
		}
	}
	return a, b, func() { cancel(); <-servedA; <-servedB }
}

// Every node is asked, and answers for itself.
func ExampleClient_CallAll() {
	a, _, stop := startTwo("cache", func(node string) any {
		return func(key string) (string, error) {
			if node == "b" {
				return "", mpreg.Errorf(2404, "no %q here", key)
			}
			return node + "'s value", nil
		}
	})
	defer stop()
	client := mpreg.NewClient(a.URL())
	defer client.Close()

	var lines []string // replies come in any order
	for reply, err := range client.CallAll(context.Background(), "cache", "k") {
		if err != nil {
			lines = append(lines, fmt.Sprint(reply.Node, ": ", err))
			continue
		}
		lines = append(lines, fmt.Sprint(reply.Node, ": ", reply.Value))
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
	// Output:
	// a: "a's value"
	// b: mpreg: code 2404: no "k" here (function "cache", node "b", hop 1, executed)
}

// startStubborn runs a node whose function ends only with the node, which does
// not wait for it.
func startStubborn(started chan<- struct{}) (node *mpreg.Server, stop func()) {
	node, err := mpreg.NewServer(mpreg.Config{DrainTimeout: time.Millisecond}, mpreg.WithLogger(testkit.Quiet))
	if err != nil {
		panic(err)
	}
	if err := node.Register("put", func(ctx context.Context, _ string) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	}); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- node.Serve(ctx) }()
	if err := node.Ready(ctx); err != nil {
		panic(err)
	}
	return node, func() { cancel(); <-served }
}
