// Package lease keeps results of functions for other nodes to fetch, each under
// a random token and for a time.
//
// It knows nothing of links: whoever answers a call puts a large result into a
// [Store] and sends the token instead, and serves what the other nodes then ask
// of it.
package lease

import (
	"container/heap"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// Errors of a Store.
var (
	// ErrFull says that a value was not taken. Its owner still has it.
	ErrFull = errors.New("no room for another lease")

	// ErrGone says that there is no such lease any more, if there ever was.
	ErrGone = errors.New("the lease is gone: it was released, or ran out")
)

var errClosed = fmt.Errorf("%w: the store is closed", ErrFull)

// maxFiles bounds the values in files, since each holds a file descriptor for
// as long as its lease: a node that has none left can't accept a link.
const maxFiles = 512

// maxReads bounds the files that are read at a time.
const maxReads = 4

// Config says what a Store may use. It has no defaults: a zero bound is zero.
type Config struct {
	// Memory is how many bytes of values are kept in memory. A value beyond
	// it goes to a file.
	Memory int64

	// Total bounds the bytes of values in memory and files together.
	Total int64

	// Dir is where files are made, empty for os.TempDir(). Values that can't
	// be written there stay in memory, which only Total bounds then.
	Dir string

	// Logger is told about failures of files; nil means nobody is.
	Logger *slog.Logger
}

// Store holds values under leases. It is safe for concurrent use.
type Store struct {
	config Config
	failed sync.Once // so that a full disk is logged once, not with each value

	// busy counts the timer, if it is set, and what uses files or ends leases
	// outside mu. Close waits for it; nothing is added once the store is closed.
	busy sync.WaitGroup

	// reading has a token for each file that may be read at a time: each takes the
	// memory that its value was put into a file to save.
	reading chan struct{}

	mu           sync.Mutex
	leases       map[wire.Token]*entry
	queue        queue // of all leases, the first to run out first
	timer        *time.Timer
	wake         time.Time // when the timer fires; zero if it is not set
	files        int
	memory, disk int64
	closed       bool
}

// entry is a lease.
type entry struct {
	token    wire.Token
	deadline time.Time
	index    int // in the queue
	value    codec.Value
	file     *file // has the value, if it is not nil
	ended    func()
}

// Stats says what a Store holds.
type Stats struct {
	Leases       int
	Memory, Disk int64 // bytes of values
}

// New returns an empty Store. Who makes one closes it.
func New(c Config) *Store {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Store{config: c, reading: make(chan struct{}, maxReads), leases: make(map[wire.Token]*entry)}
}

// Put keeps v for d and returns the token to it. When the lease ends, because
// it was released, ran out, or the store was closed, ended is called once, if
// it is not nil, without locks held; it may use the Store, but not close it. That
// may be while that of another lease runs, and, if d is short, before Put
// returns.
//
// The error matches [ErrFull] if there is no room for v, or the store is
// closed. There is no lease then, and ended is not called.
func (s *Store) Put(v codec.Value, d time.Duration, ended func()) (wire.Token, error) {
	e := &entry{value: v, ended: ended}
	size := int64(len(v.Bytes()))
	if err := s.reserve(e, size); err != nil {
		return wire.Token{}, err
	}
	if e.file != nil {
		defer s.busy.Done()
		if err := e.file.write(s.config.Dir, v); err != nil {
			s.failed.Do(func() {
				s.config.Logger.Warn("a leased value could not be written to a file; such values stay in memory",
					"dir", s.config.Dir, "err", err)
			})
			s.keep(e, size)
		} else {
			e.value = codec.Value{}
		}
	}
	_, _ = rand.Read(e.token[:]) // it never fails
	s.mu.Lock()
	if s.closed {
		if e.file == nil {
			s.memory -= size
		}
		s.mu.Unlock()
		s.report(s.unuse(e.file))
		return wire.Token{}, errClosed
	}
	e.deadline = time.Now().Add(d)
	s.leases[e.token] = e
	heap.Push(&s.queue, e)
	s.arm()
	s.mu.Unlock()
	return e.token, nil
}

// reserve finds room for a value of that size: in a file, if it sets e.file,
// and then the store is busy.
func (s *Store) reserve(e *entry, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch used := s.memory + s.disk; {
	case s.closed:
		return errClosed
	case size > s.config.Total-used:
		return fmt.Errorf("%w: of %d bytes %d are taken, the value has %d", ErrFull, s.config.Total, used, size)
	case size <= s.config.Memory-s.memory:
		s.memory += size
	case s.files == maxFiles:
		return fmt.Errorf("%w: there are %d files with values, one for each", ErrFull, maxFiles)
	default:
		s.disk += size
		s.files++
		s.busy.Add(1)
		e.file = &file{codec: e.value.Codec(), size: size, uses: 1}
	}
	return nil
}

// keep turns the room for a value in a file into room in memory.
func (s *Store) keep(e *entry, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disk -= size
	s.files--
	s.memory += size
	e.file = nil
}

// Get returns the part of a value that path leads to, all of it if path is
// empty. found is false if the value has no such part: a value in a codec that
// can't be decoded here has no parts.
//
// The error matches [ErrGone] if there is no such lease, also if its file can't
// be read, which is logged. A value in a file is read anew by each Get.
func (s *Store) Get(t wire.Token, path []string) (v codec.Value, found bool, err error) {
	s.mu.Lock()
	e := s.find(t)
	if e == nil {
		s.mu.Unlock()
		return codec.Value{}, false, ErrGone
	}
	v, f := e.value, e.file
	if f != nil {
		f.uses++
		s.busy.Add(1)
	}
	s.mu.Unlock()
	if f != nil {
		defer s.busy.Done()
		s.reading <- struct{}{}
		v, err = f.read()
		<-s.reading
		s.report(s.unuse(f))
		if err != nil {
			// The error names a file, and may be told to a stranger.
			s.config.Logger.Error("a leased value could not be read from its file", "err", err)
			return codec.Value{}, false, fmt.Errorf("its file can't be read: %w", ErrGone)
		}
	}
	if len(path) == 0 {
		return v, true, nil
	}
	v, found = v.Get(path...)
	return v, found, nil
}

// Renew has a lease end d from now, and reports whether there is one.
func (s *Store) Renew(t wire.Token, d time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(t)
	if e == nil {
		return false
	}
	e.deadline = time.Now().Add(d)
	heap.Fix(&s.queue, e.index)
	s.arm()
	return true
}

// Release ends a lease, and reports whether there was one.
func (s *Store) Release(t wire.Token) bool {
	s.mu.Lock()
	e := s.find(t)
	if e == nil {
		s.mu.Unlock()
		return false
	}
	s.remove(e)
	s.busy.Add(1)
	s.mu.Unlock()
	defer s.busy.Done()
	s.report(s.end(e))
	return true
}

// Stats says what the store holds. A value in a file counts until nobody reads
// it any more.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Leases: len(s.leases), Memory: s.memory, Disk: s.disk}
}

// Close ends all leases, and waits for those that are ending and for calls under
// way: no file is left then, but those that the error says can't be removed. A
// second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	if s.timer != nil && s.timer.Stop() {
		s.busy.Done()
	}
	all := slices.Clone(s.queue)
	for _, e := range all {
		s.remove(e)
	}
	s.mu.Unlock()
	var errs []error
	for _, e := range all {
		errs = append(errs, s.end(e))
	}
	s.busy.Wait()
	return errors.Join(errs...)
}

// unuse gives up one use of f, if that is not nil, and removes the file with
// the last.
func (s *Store) unuse(f *file) error {
	if f == nil {
		return nil
	}
	s.mu.Lock()
	f.uses--
	last := f.uses == 0
	if last {
		s.disk -= f.size
		s.files--
	}
	s.mu.Unlock()
	if last {
		return f.remove()
	}
	return nil
}

// report logs that a file can't be removed.
func (s *Store) report(err error) {
	if err != nil {
		s.config.Logger.Warn("the file of a lease that ended is left behind", "err", err)
	}
}
