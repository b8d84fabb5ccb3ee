package mpreg_test

import (
	"context"
	"fmt"
	"time"

	"github.com/mpreg/mpreg"
)

// A node that is told to stop finishes what it has accepted. Meanwhile a client
// that knows another node goes on there: none of its calls fails.
func Example_drain() {
	begun, finish := make(chan bool), make(chan bool)
	a, stopA := startPeer(mpreg.Config{Name: "a"}, map[string]any{
		"slow": func() string {
			begun <- true
			<-finish
			return "done"
		},
	})
	b, stopB := startPeer(mpreg.Config{Name: "b", Peers: []string{a.URL()}}, map[string]any{
		"where": func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node },
	})
	defer stopB()
	client := mpreg.NewClient(a.URL() + "," + b.URL())
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	slowly, stopped := make(chan string), make(chan bool)
	go func() { slowly <- fmt.Sprint(client.Call(ctx, "slow")) }()
	<-begun
	for event := range b.Watch(ctx) {
		if event.Kind == mpreg.MemberJoined {
			go func() {
				defer close(stopped)
				stopA()
			}()
		}
		if event.Kind == mpreg.MemberDeparted {
			break
		}
	}
	fmt.Println(client.Call(ctx, "where"))
	finish <- true
	fmt.Println(<-slowly)
	<-stopped
	// Output:
	// "b" <nil>
	// "done" <nil>
}
