package mpreg_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// A large result that only another command needs stays with the node that made
// it. It goes once, from load's node straight to count's, and not by way of
// the node that was asked.
func Example_largeIntermediate() {
	entry, stopEntry := startPeer(mpreg.Config{Name: "entry"}, nil)
	defer stopEntry()
	peers := []string{entry.URL()}
	store, stopStore := startPeer(mpreg.Config{Name: "store", Peers: peers}, map[string]any{
		"load": func(n int) string { return strings.Repeat("data ", n) },
	})
	defer stopStore()
	worker, stopWorker := startPeer(mpreg.Config{Name: "worker", Peers: peers}, map[string]any{
		"count": func(text string) int { return len(strings.Fields(text)) },
	})
	defer stopWorker()

	names := map[string]string{store.ID(): store.Name(), worker.ID(): worker.Name()}
	client := mpreg.NewClient(entry.URL(),
		mpreg.WaitForRoute(), mpreg.Timeout(time.Minute), // the others are on their way
		mpreg.OnEvent(func(e mpreg.Event) {
			if e.Kind == mpreg.CommandFinished {
				fmt.Println(e.Function, "at", names[e.NodeID], "made", e.Bytes, "bytes")
			}
		}))
	defer func() { _ = client.Close() }()

	r := mpreg.NewRequest()
	count := r.Add("count", r.Add("load", 200_000))
	resp, err := client.Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mpreg.Get[int](resp, count))
	// Output:
	// load at store made 1000002 bytes
	// count at worker made 6 bytes
	// 200000 <nil>
}
