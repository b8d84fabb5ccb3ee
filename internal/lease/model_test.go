package lease_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/lease"
	"github.com/mpreg/mpreg/internal/wire"
)

// operation is one step of a run: 0 puts a lease, 1 lets time pass, 2 renews a
// lease, 3 releases one.
type operation struct {
	op, which, size int
	d               time.Duration
}

// known is a lease as its owner knows it.
type known struct {
	token    wire.Token
	value    codec.Value
	deadline time.Time
	inFile   bool
	ended    atomic.Int32
	over     bool // it was released or ran out
}

// model is a store as its definition has it.
type model struct {
	config lease.Config
	store  *lease.Store
	leases []*known
}

func (m *model) stats() lease.Stats {
	var s lease.Stats
	for _, k := range m.leases {
		switch size := int64(len(k.value.Bytes())); {
		case k.over:
			continue
		case k.inFile:
			s.Disk += size
		default:
			s.Memory += size
		}
		s.Leases++
	}
	return s
}

// do applies an operation to both, and says in what they differ.
func (m *model) do(o operation) error {
	var k *known
	if len(m.leases) > 0 {
		k = m.leases[o.which%len(m.leases)]
	}
	switch {
	case o.op == 0 || k == nil:
		return m.put(o)
	case o.op == 1:
		<-time.After(o.d)
		synctest.Wait()
		for _, k := range m.leases {
			k.over = k.over || !time.Now().Before(k.deadline)
		}
	case o.op == 2:
		if m.store.Renew(k.token, o.d) == k.over {
			return fmt.Errorf("renewing lease %d disagrees: over is %v", o.which%len(m.leases), k.over)
		}
		k.deadline = time.Now().Add(o.d)
	default:
		if m.store.Release(k.token) == k.over {
			return fmt.Errorf("releasing lease %d disagrees: over is %v", o.which%len(m.leases), k.over)
		}
		k.over = true
	}
	return nil
}

func (m *model) put(o operation) error {
	k, used := &known{value: text(o.size), deadline: time.Now().Add(o.d)}, m.stats()
	full := used.Memory+used.Disk+int64(o.size) > m.config.Total
	k.inFile = used.Memory+int64(o.size) > m.config.Memory
	var err error
	k.token, err = m.store.Put(k.value, o.d, func() { k.ended.Add(1) })
	if errors.Is(err, lease.ErrFull) != full || !full && err != nil {
		return fmt.Errorf("putting %d bytes returned %w, full is %v", o.size, err, full)
	}
	if !full {
		m.leases = append(m.leases, k)
	}
	return nil
}

func (m *model) check() error {
	for n, k := range m.leases {
		v, found, err := m.store.Get(k.token, nil)
		switch ended := k.ended.Load() == 1; {
		case k.ended.Load() > 1 || ended != k.over:
			return fmt.Errorf("lease %d: ended was called %d times, over is %v", n, k.ended.Load(), k.over)
		case k.over && !errors.Is(err, lease.ErrGone):
			return fmt.Errorf("lease %d is over, Get returned %v, %w", n, v, err)
		case !k.over && (err != nil || !found || v.String() != k.value.String()):
			return fmt.Errorf("lease %d: Get returned %v, %v, %w", n, v, found, err)
		}
	}
	if got, want := m.store.Stats(), m.stats(); got != want {
		return fmt.Errorf("stats are %+v, want %+v", got, want)
	}
	return nil
}

func (m *model) run(operations []operation) error {
	m.store = lease.New(m.config)
	for n, o := range operations {
		err := m.do(o)
		if err == nil {
			synctest.Wait()
			err = m.check()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("operation %d, %+v: %w", n, o, err), m.store.Close())
		}
	}
	if err := m.store.Close(); err != nil {
		return err
	}
	for _, k := range m.leases {
		k.over = true
	}
	return m.check()
}

func TestModel(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		config := lease.Config{
			Memory: rapid.Int64Range(-1, 100).Draw(rt, "memory"), Total: rapid.Int64Range(20, 200).Draw(rt, "total"), Dir: dir,
		}
		operations := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) operation {
			return operation{
				op: rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 2, 3}).Draw(rt, "op"), which: rapid.IntRange(0, 9).Draw(rt, "which"),
				size: rapid.IntRange(2, 20).Draw(rt, "size"),
				d:    time.Duration(rapid.IntRange(1, 10).Draw(rt, "seconds")) * time.Second,
			}
		}), 1, 60).Draw(rt, "operations")
		var err error
		synctest.Test(t, func(*testing.T) { err = (&model{config: config}).run(operations) })
		if err != nil {
			rt.Fatal(err)
		}
		empty(t, dir)
	})
}

// TestConcurrent: many at once use leases of their own and each other's, which
// are renewed, released and run out meanwhile. Nobody ever sees another value
// than the one that was put.
func TestConcurrent(t *testing.T) {
	const workers, rounds = 8, 300
	dir := t.TempDir()
	s := lease.New(lease.Config{Memory: 4 << 10, Total: 64 << 10, Dir: dir})
	var puts, ended atomic.Int64
	var shared [workers]atomic.Pointer[known]
	worker := func(t *testing.T, own *atomic.Pointer[known], random *rand.Rand) {
		for range rounds {
			k := &known{value: raw(fmt.Sprintf(`{"a":%d,"b":[%[1]d,%[2]q]}`, random.Int64(), text(2+random.IntN(2000))))}
			d := time.Hour
			if random.IntN(4) == 0 {
				d = time.Duration(random.IntN(100)) * time.Microsecond
			}
			token, err := s.Put(k.value, d, func() { ended.Add(1) })
			if err != nil {
				if !errors.Is(err, lease.ErrFull) {
					t.Errorf("Put returned %v", err)
				}
				continue
			}
			k.token = token
			puts.Add(1)
			own.Store(k)
			for range 4 {
				other := shared[random.IntN(workers)].Load()
				if other == nil {
					continue
				}
				switch random.IntN(6) {
				case 0:
					s.Release(other.token)
				case 1:
					s.Renew(other.token, time.Hour)
				default:
					read(t, s, other, [][]string{nil, {"a"}, {"b", "1"}}[random.IntN(3)])
				}
			}
			if random.IntN(3) > 0 {
				s.Release(k.token)
			}
		}
	}
	var wg sync.WaitGroup
	for n := range workers {
		wg.Go(func() { worker(t, &shared[n], rand.New(rand.NewPCG(1, uint64(n)))) })
	}
	wg.Wait()
	closeStore(t, s)
	if puts.Load() != ended.Load() || puts.Load() == 0 {
		t.Errorf("%d leases were made, %d ended", puts.Load(), ended.Load())
	}
	stats(t, s, 0, 0, 0)
	empty(t, dir)
}

// read checks that a value is what was put, or gone.
func read(t *testing.T, s *lease.Store, k *known, path []string) {
	v, found, err := s.Get(k.token, path)
	if errors.Is(err, lease.ErrGone) {
		return
	}
	want, _ := k.value.Get(path...)
	if err != nil || !found || !slices.Equal(v.Bytes(), want.Bytes()) {
		t.Errorf("Get returned %v, %v, %v", v, found, err)
	}
}

// TestCloseMeanwhile: when Close has returned nothing is left, and every lease
// that was made has ended, whatever was under way.
func TestCloseMeanwhile(t *testing.T) {
	dir := t.TempDir()
	for range 50 {
		s := lease.New(lease.Config{Memory: 8, Total: 1 << 20, Dir: dir})
		var puts, ended atomic.Int64
		var wg sync.WaitGroup
		var once sync.Once
		begun := make(chan struct{})
		for n := range 4 {
			d := []time.Duration{time.Hour, time.Microsecond}[n%2]
			wg.Go(func() {
				for {
					token, err := s.Put(text(6), d, func() { ended.Add(1) })
					if err != nil {
						return
					}
					puts.Add(1)
					once.Do(func() { close(begun) })
					_, _, _ = s.Get(token, nil)
					s.Release(token)
				}
			})
		}
		<-begun
		closeStore(t, s)
		over := ended.Load()
		wg.Wait()
		if puts.Load() != over || ended.Load() != over {
			t.Fatalf("%d leases were made, %d had ended when the store was closed, %d later", puts.Load(), over, ended.Load())
		}
		stats(t, s, 0, 0, 0)
		empty(t, dir)
	}
}
