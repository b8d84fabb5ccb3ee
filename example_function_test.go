package mpreg_test

import (
	"context"
	"fmt"

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
