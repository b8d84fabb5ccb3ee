package protocoltest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestLargeCallsAtOnce: who sends several frames near the limit at once lets no
// more take turns than the other end has room for.
func TestLargeCallsAtOnce(t *testing.T) {
	far := testkit.Serve(t, mpreg.Config{Name: "far", MaxMessageBytes: 1 << 20})
	testkit.Must(t, far.Register("length", func(s string) int { return len(s) }))
	c := testkit.Connect(t, far.URL())
	text := strings.Repeat("x", 700<<10)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 4 {
				if _, err := mpreg.Call[int](t.Context(), c, "length", text); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestLargeAnswersAtOnce: as for calls, and what is lost here has run.
func TestLargeAnswersAtOnce(t *testing.T) {
	far := testkit.Serve(t, mpreg.Config{Name: "far"})
	text := strings.Repeat("x", 700<<10)
	testkit.Must(t, far.Register("text", func() string { return text }))
	c := testkit.Connect(t, far.URL(), mpreg.WithMaxMessageBytes(1<<20))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 4 {
				if _, err := c.Call(t.Context(), "text"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
