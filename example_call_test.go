package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// The type argument says what the result is decoded into.
func ExampleCall() {
	node, stop := startNode(map[string]any{
		"words": strings.Fields,
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	words, err := mpreg.Call[[]string](context.Background(), client, "words", "one node, one client")
	fmt.Printf("%q %v\n", words, err)
	// Output: ["one" "node," "one" "client"] <nil>
}

// Without a type argument the result stays encoded, until somebody decodes it.
func ExampleClient_Call() {
	node, stop := startNode(map[string]any{
		"words": strings.Fields,
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	result, err := client.Call(context.Background(), "words", "one node, one client")
	fmt.Println(result, err)
	// Output: ["one","node,","one","client"] <nil>
}

// A view of a client has options for its calls, and the connection of the
// client.
func ExampleClient_With() {
	node, stop := startNode(map[string]any{
		"wait": func(ctx context.Context) error {
			<-ctx.Done() // the caller's deadline is the function's
			return ctx.Err()
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	hasty := client.With(mpreg.Timeout(20 * time.Millisecond))
	_, err := hasty.Call(context.Background(), "wait")
	fmt.Println(errors.Is(err, mpreg.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded))
	// Output: true true
}

// A struct as the last parameter takes keyword arguments, named and checked by
// its tags. Whoever calls may leave them out.
func ExampleKwargs() {
	type options struct {
		Rate   float64 `json:"rate" validate:"gte=0,lte=1"`
		Epochs int     `json:"epochs"`
	}
	node, stop := startNode(map[string]any{
		"train": func(data string, o options) string {
			return fmt.Sprintf("%s: rate %v, %d epochs", data, o.Rate, o.Epochs)
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()
	ctx := context.Background()

	fmt.Println(client.Call(ctx, "train", "digits", mpreg.Kwargs{"rate": 0.1, "epochs": 3}))
	fmt.Println(client.Call(ctx, "train", "digits"))
	_, err := client.Call(ctx, "train", "digits", mpreg.Kwargs{"rate": 7})
	fmt.Println(err)
	// Output:
	// "digits: rate 0.1, 3 epochs" <nil>
	// "digits: rate 0, 0 epochs" <nil>
	// mpreg: invalid_argument: argument 1 is not valid: rate breaks the rule "lte=1" (function "train", node "node-1", not executed)
}

// Functions are registered with the resources that they run against. A call
// names the ones that it needs, and goes to the offer that has them all and the
// least besides.
func ExampleAt() {
	node, stop := startNode(nil)
	defer stop()
	model := func(name string) func() string {
		return func() string { return name }
	}
	err := errors.Join(
		node.Register("predict", model("small, on any machine")),
		node.Register("predict", model("large"), "gpu"),
		node.Register("predict", model("large, for faces"), "gpu", "faces"))
	if err != nil {
		fmt.Println(err)
		return
	}
	client := mpreg.NewClient(node.URL())
	defer client.Close()
	ctx := context.Background()

	fmt.Println(client.Call(ctx, "predict"))
	fmt.Println(client.With(mpreg.At("gpu")).Call(ctx, "predict"))
	fmt.Println(client.With(mpreg.At("faces")).Call(ctx, "predict"))
	_, err = client.With(mpreg.At("gpu", "maps")).Call(ctx, "predict")
	fmt.Println(errors.Is(err, mpreg.NotFound))
	// Output:
	// "small, on any machine" <nil>
	// "large" <nil>
	// "large, for faces" <nil>
	// true
}

// A bound function is called as if it was here, and checked by the compiler.
func ExampleBind() {
	node, stop := startNode(map[string]any{
		"add": func(a, b int) int { return a + b },
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	var add func(ctx context.Context, a, b int) (int, error)
	if err := mpreg.Bind(client, "add", &add); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(add(context.Background(), 2, 3))
	// Output: 5 <nil>
}

// The process that runs a node calls the cluster through it, without a
// connection.
func ExampleServer_Client() {
	node, stop := startNode(map[string]any{
		"add": func(a, b int) int { return a + b },
	})
	defer stop()

	fmt.Println(mpreg.Call[int](context.Background(), node.Client(), "add", 2, 3))
	// Output: 5 <nil>
}
