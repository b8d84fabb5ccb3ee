package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/mpreg/mpreg"
)

// Point travels as any type does that encoding/json understands.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

func distance(a, b Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

// A node offers a function, and a client calls it. Here both are in one process;
// they need no more than the URL to be in two.
func Example() {
	node, err := mpreg.NewServer(mpreg.Config{}) // on a free port of 127.0.0.1
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := node.Register("distance", distance); err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- node.Serve(ctx) }()
	defer func() {
		stop() // what runs is finished and answered
		fmt.Println("stopped:", <-served)
	}()
	if err := node.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}

	client := mpreg.NewClient(node.URL())
	defer client.Close()
	d, err := mpreg.Call[float64](ctx, client, "distance", Point{0, 0}, Point{3, 4})
	fmt.Println(d, err)

	_, err = client.Call(ctx, "distance", "here", "there")
	fmt.Println(errors.Is(err, mpreg.InvalidArgument))
	// Output:
	// 5 <nil>
	// true
	// stopped: <nil>
}
