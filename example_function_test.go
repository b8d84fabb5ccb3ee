package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/mpreg/mpreg"
)

// A function that takes a context can ask who calls it, and how.
func ExampleInfoFromContext() {
	node, stop := startNode(map[string]any{
		"whoami": func(ctx context.Context) string {
			info := mpreg.InfoFromContext(ctx)
			return fmt.Sprintf("%s on %s, for %s", info.Function, info.Node, info.Headers["tenant"])
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL(), mpreg.Header("tenant", "acme"))
	defer client.Close()

	fmt.Println(client.Call(context.Background(), "whoami"))
	// Output: "whoami on node-1, for acme" <nil>
}

// A function calls others in the name of its own caller: headers, identity,
// trace and deadline go along.
func ExampleFromContext() {
	node, stop := startNode(map[string]any{
		"tenant": func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Headers["tenant"] },
		"welcome": func(ctx context.Context) (string, error) {
			tenant, err := mpreg.Call[string](ctx, mpreg.FromContext(ctx), "tenant")
			return "Welcome, " + tenant, err
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL(), mpreg.Header("tenant", "acme"))
	defer client.Close()

	fmt.Println(client.Call(context.Background(), "welcome"))
	// Output: "Welcome, acme" <nil>
}

// A function that takes and returns values as they are encoded passes on what
// it does not understand, or need not: every byte of it, and every digit.
func ExampleValue() {
	node, stop := startNode(map[string]any{
		"newer": func(a, b mpreg.Value) (mpreg.Value, error) {
			var first, second struct {
				Version int `json:"version"`
			}
			if err := a.Decode(&first); err != nil {
				return mpreg.Value{}, err
			}
			if err := b.Decode(&second); err != nil {
				return mpreg.Value{}, err
			}
			if first.Version > second.Version {
				return a, nil
			}
			return b, nil
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	fmt.Println(client.Call(context.Background(), "newer",
		map[string]any{"version": 1, "who": "Ada"},
		map[string]any{"version": 2, "id": uint64(18446744073709551615), "weight": 1.0}))
	// Output: {"id":18446744073709551615,"version":2,"weight":1.0} <nil>
}

// Func gives a function properties: what its callers are told about it, and how
// many calls of it may run at a time.
func ExampleFunc() {
	node, stop := startNode(map[string]any{
		"add": mpreg.Func(func(a, b int) int { return a + b },
			mpreg.Doc("The sum of two numbers."), mpreg.Idempotent(), mpreg.MaxConcurrent(8)),
	})
	defer stop()

	for _, d := range node.Describe("add") {
		fmt.Println(d.Name, d.Signature, d.Idempotent, d.Doc)
	}
	// Output: add (int, int) int true The sum of two numbers.
}

// A function that returns an iteration is a stream: its items reach the caller
// while it runs, and it stops when the caller does. Callers that want none of
// that get a list.
func ExampleFunc_stream() {
	node, stop := startNode(map[string]any{
		"countdown": func(ctx context.Context, from int) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for i := range from {
					if !yield(fmt.Sprintf("%d …", from-i), ctx.Err()) {
						return
					}
				}
				yield("", errors.New("no engine"))
			}
		},
		"squares": func(n int) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for i := range n {
					if !yield(i*i, nil) {
						return
					}
				}
			}
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()
	ctx := context.Background()

	for text, err := range mpreg.Stream[string](ctx, client, "countdown", 3) {
		if err != nil {
			fmt.Println("it failed:", err)
			break
		}
		fmt.Println(text)
	}
	fmt.Println(client.Call(ctx, "squares", 5))
	// Output:
	// 3 …
	// 2 …
	// 1 …
	// it failed: mpreg: failed: no engine (function "countdown", node "node-1", executed)
	// [0,1,4,9,16] <nil>
}

// A function that can't bear many calls at a time has further ones wait, or
// refused so that they can be tried at another node.
func ExampleMaxConcurrent() {
	printing, done := make(chan bool), make(chan bool)
	node, stop := startNode(map[string]any{
		"print": mpreg.Func(func(page int) string {
			printing <- true
			<-done
			return fmt.Sprint("printed page ", page)
		}, mpreg.MaxConcurrent(1), mpreg.MaxQueued(-1)), // one printer, and nobody wants to wait
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()
	ctx := context.Background()

	first := make(chan string)
	go func() {
		text, err := mpreg.Call[string](ctx, client, "print", 1)
		first <- fmt.Sprint(text, " ", err)
	}()
	<-printing
	_, err := client.Call(ctx, "print", 2)
	var e *mpreg.Error
	fmt.Println(errors.As(err, &e), e.Code.String(), e.Details["limit"], e.Executed)
	done <- true
	fmt.Println(<-first)
	// Output:
	// true resource_exhausted max_concurrent no
	// printed page 1 <nil>
}
