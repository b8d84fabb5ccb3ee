package mpreg_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/mpreg/mpreg"
)

// Every error has a code, which errors.Is asks for. It also says whether the
// function may have run: what surely did not can be repeated without harm.
func ExampleError() {
	node, stop := startNode(map[string]any{
		"pay": func(cents int) error { return errors.New("the card was declined") },
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()
	ctx := context.Background()

	_, err := client.Call(ctx, "refund", 100)
	fmt.Println(errors.Is(err, mpreg.NotFound))

	_, err = client.Call(ctx, "pay", 100)
	if e, ok := errors.AsType[*mpreg.Error](err); ok {
		fmt.Println(e.Code == mpreg.Failed, e.Message)
		fmt.Println(e.Function, "on", e.Node, "was executed:", e.Executed)
	}
	fmt.Println(err)
	// Output:
	// true
	// true the card was declined
	// pay on node-1 was executed: yes
	// mpreg: failed: the card was declined (function "pay", node "node-1", executed)
}

// A function can return a code of the application, from 2000 on, and its caller
// ask for it.
func ExampleErrorf() {
	const soldOut mpreg.Code = 2001
	node, stop := startNode(map[string]any{
		"order": func(product string) error {
			return mpreg.Errorf(soldOut, "there is no %s left", product)
		},
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	_, err := client.Call(context.Background(), "order", "tea")
	fmt.Println(errors.Is(err, soldOut))
	fmt.Println(err)
	// Output:
	// true
	// mpreg: code 2001: there is no tea left (function "order", node "node-1", executed)
}
