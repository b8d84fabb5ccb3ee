package mpreg_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// Two nodes, the second of which names the first: a request to either runs each
// command where its data is.
func Example_cluster() {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	node := func(name, dataset string, rows []int, peers ...string) (*mpreg.Server, <-chan error) {
		s, err := mpreg.NewServer(mpreg.Config{Name: name, Peers: peers}, mpreg.WithLogger(testkit.Quiet))
		if err != nil {
			log.Fatal(err)
		}
		if err := s.Register("rows", func() []int { return rows }, dataset); err != nil {
			log.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx) }()
		if err := s.Ready(ctx); err != nil {
			log.Fatal(err)
		}
		return s, served
	}
	a, servedA := node("a", "2024", []int{1, 2, 3})
	b, servedB := node("b", "2025", []int{4, 5}, a.URL())
	if err := b.Register("sum", func(lists ...[]int) (sum int) {
		for _, list := range lists {
			for _, n := range list {
				sum += n
			}
		}
		return sum
	}); err != nil {
		log.Fatal(err)
	}
	for range time.Tick(time.Millisecond) { // b is on its way
		if members := a.Members(); len(members) == 2 && len(members[1].Functions) == 2 {
			break
		}
	}

	client := mpreg.NewClient(a.URL() + "," + b.URL())
	r := mpreg.NewRequest()
	sum := r.Add("sum", r.Add("rows").At("2024"), r.Add("rows").At("2025"))
	resp, err := client.Do(ctx, r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(mpreg.Get[int](resp, sum))

	_ = client.Close()
	stop()
	fmt.Println(<-servedA, <-servedB)
	// Output:
	// 15 <nil>
	// <nil> <nil>
}
