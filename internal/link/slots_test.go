package link_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/link"
)

// TestSlotsModel compares Slots with a map that never reuses an id.
func TestSlotsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		slots := link.NewSlots[int](limit)
		live := map[uint64]int{}
		issued := []uint64{0}
		count := 0
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				count++
				id, err := slots.Put(count)
				if len(live) == limit {
					if !errors.Is(err, link.ErrSlotsFull) {
						t.Fatalf("Put into %d of %d: %v", len(live), limit, err)
					}
					return
				}
				if err != nil || slices.Contains(issued, id) {
					t.Fatalf("Put: id %d, %v; issued before: %v", id, err, issued)
				}
				live[id] = count
				issued = append(issued, id)
			},
			"take": func(t *rapid.T) {
				id := rapid.OneOf(rapid.SampledFrom(issued), rapid.Uint64()).Draw(t, "id")
				want, there := live[id]
				got, ok := slots.Take(id)
				if got != want || ok != there {
					t.Fatalf("Take(%d) = %d, %t, want %d, %t", id, got, ok, want, there)
				}
				delete(live, id)
			},
			"get": func(t *rapid.T) {
				id := rapid.OneOf(rapid.SampledFrom(issued), rapid.Uint64()).Draw(t, "id")
				want, there := live[id]
				if got, ok := slots.Get(id); got != want || ok != there {
					t.Fatalf("Get(%d) = %d, %t, want %d, %t", id, got, ok, want, there)
				}
			},
			"": func(t *rapid.T) {
				if n := slots.Len(); n != len(live) {
					t.Fatalf("Len() = %d, want %d", n, len(live))
				}
			},
		})
		var want []int
		for _, v := range live {
			want = append(want, v)
		}
		got := slots.Close()
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("Close: want -, got +:\n%s", diff)
		}
		if _, err := slots.Put(1); !errors.Is(err, link.ErrClosed) {
			t.Fatalf("Put after Close: %v", err)
		}
		for _, id := range issued {
			if _, ok := slots.Get(id); ok {
				t.Fatalf("Get(%d) after Close", id)
			}
			if _, ok := slots.Take(id); ok {
				t.Fatalf("Take(%d) after Close", id)
			}
		}
		if n := slots.Len(); n != 0 {
			t.Fatalf("Len() = %d after Close", n)
		}
	})
}

func TestSlotsConcurrently(t *testing.T) {
	const callers, each = 16, 2000
	slots := link.NewSlots[int](callers)
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for i := range each {
				want := c*each + i
				id, err := slots.Put(want)
				if err != nil {
					t.Error(err)
					return
				}
				if got, ok := slots.Get(id); !ok || got != want {
					t.Errorf("Get(%d) = %d, %t, want %d", id, got, ok, want)
				}
				if got, ok := slots.Take(id); !ok || got != want {
					t.Errorf("Take(%d) = %d, %t, want %d", id, got, ok, want)
				}
			}
		})
	}
	group.Wait()
	if n := slots.Len(); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func BenchmarkSlots(b *testing.B) {
	b.ReportAllocs()
	slots := link.NewSlots[*int](0)
	v := new(int)
	for range 64 {
		if _, err := slots.Put(v); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		id, err := slots.Put(v)
		if err != nil {
			b.Fatal(err)
		}
		slots.Take(id)
	}
}
