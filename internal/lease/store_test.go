package lease_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/lease"
	"github.com/mpreg/mpreg/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func raw(text string) codec.Value { return codec.Raw(codec.JSON{}, []byte(text)) }

// text returns a value of size bytes.
func text(size int) codec.Value { return raw(`"` + strings.Repeat("x", size-2) + `"`) }

func put(t *testing.T, s *lease.Store, v codec.Value, d time.Duration, ended func()) wire.Token {
	t.Helper()
	token, err := s.Put(v, d, ended)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func closeStore(t *testing.T, s *lease.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// gone checks that a store has no lease for a token.
func gone(t *testing.T, s *lease.Store, token wire.Token) {
	t.Helper()
	if v, found, err := s.Get(token, nil); !errors.Is(err, lease.ErrGone) || found || v.Bytes() == nil || !v.IsNull() {
		t.Errorf("Get returned %v, %v, %v; want null, false, ErrGone", v, found, err)
	}
	if s.Renew(token, time.Hour) || s.Release(token) {
		t.Error("a lease that is gone was renewed or released")
	}
}

func stats(t *testing.T, s *lease.Store, leases int, memory, disk int64) {
	t.Helper()
	if diff := cmp.Diff(lease.Stats{Leases: leases, Memory: memory, Disk: disk}, s.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// secret is a codec that nothing here can decode.
type secret struct{ codec.JSON }

func (secret) Name() string             { return "secret" }
func (secret) Decode([]byte, any) error { return errors.New("it is secret") }

// hidden has the methods of a codec only: it is no codec.Walker.
type hidden struct{ codec.Codec }

func TestGet(t *testing.T) {
	object := `{"list":[1, {"a.b":"é"}],"":null}`
	cbor, err := raw(object).In(codec.CBOR{})
	if err != nil {
		t.Fatal(err)
	}
	other := codec.Raw(hidden{codec.JSON{}}, []byte(object))
	unknown := codec.Raw(hidden{secret{}}, []byte("?"))
	tests := map[string]struct {
		value codec.Value
		path  []string
		want  string
		none  bool
	}{
		"all":                       {value: raw(" " + object + "\n"), want: " " + object + "\n"},
		"nothing to speak of":       {value: codec.Raw(codec.JSON{}, []byte{}), want: ""},
		"null":                      {value: codec.Value{}, want: "null"},
		"key":                       {value: raw(object), path: []string{"list"}, want: `[1, {"a.b":"é"}]`},
		"deeper":                    {value: raw(object), path: []string{"list", "1", "a.b"}, want: `"é"`},
		"empty key":                 {value: raw(object), path: []string{""}, want: `null`},
		"no such key":               {value: raw(object), path: []string{"x"}, none: true},
		"no such index":             {value: raw(object), path: []string{"list", "2"}, none: true},
		"malformed":                 {value: raw(`{"x":1`), path: []string{"x"}, none: true},
		"malformed, all":            {value: raw(`{"x":1`), want: `{"x":1`},
		"cbor":                      {value: cbor, path: []string{"list", "1", "a.b"}, want: "\x62é"},
		"a codec without a walker":  {value: other, path: []string{"list", "0"}, want: "\x01"},
		"a codec that is not known": {value: unknown, path: []string{"x"}, none: true},
		"of that, all":              {value: unknown, want: "?"},
	}
	for _, memory := range []int64{1 << 10, -1} { // in a file everything, also what is empty
		for name, tt := range tests {
			t.Run(fmt.Sprintf("%s, %d", name, memory), func(t *testing.T) {
				s := lease.New(lease.Config{Memory: memory, Total: 1 << 10, Dir: t.TempDir()})
				defer closeStore(t, s)
				token := put(t, s, tt.value, time.Hour, nil)
				size := int64(len(tt.value.Bytes()))
				if memory > 0 {
					stats(t, s, 1, size, 0)
				} else {
					stats(t, s, 1, 0, size)
				}
				for range 2 {
					v, found, err := s.Get(token, tt.path)
					if err != nil {
						t.Fatal(err)
					}
					if found == tt.none {
						t.Fatalf("found is %v", found)
					}
					if found && string(v.Bytes()) != tt.want {
						t.Errorf("got %q, want %q", v.Bytes(), tt.want)
					}
					if found && len(tt.path) == 0 && v.Codec() != tt.value.Codec() {
						t.Errorf("codec is %v, want %v", v.Codec(), tt.value.Codec())
					}
				}
			})
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	s := lease.New(lease.Config{Memory: 100, Total: 100})
	defer closeStore(t, s)
	a, b := put(t, s, raw(`1`), time.Hour, nil), put(t, s, raw(`2`), time.Hour, nil)
	if a == b || a == (wire.Token{}) {
		t.Fatalf("tokens are %x and %x", a, b)
	}
	gone(t, s, wire.Token{})
	if !s.Release(a) {
		t.Error("there was a lease to release")
	}
	gone(t, s, a)
	if v, _, err := s.Get(b, nil); err != nil || v.String() != "2" {
		t.Errorf("the other lease has %v, %v", v, err)
	}
}

func TestBounds(t *testing.T) {
	dir := t.TempDir()
	s := lease.New(lease.Config{Memory: 10, Total: 30, Dir: dir})
	defer closeStore(t, s)
	memory := put(t, s, text(6), time.Hour, nil)
	disk := put(t, s, text(5), time.Hour, nil) // 11 in memory would be one too many
	put(t, s, text(4), time.Hour, nil)
	stats(t, s, 3, 10, 5)
	put(t, s, text(15), time.Hour, nil)
	stats(t, s, 4, 10, 20)
	for range 2 {
		if token, err := s.Put(raw(`0`), time.Hour, func() { t.Error("ended") }); !errors.Is(err, lease.ErrFull) || token != (wire.Token{}) {
			t.Errorf("Put returned %x, %v; want ErrFull", token, err)
		}
		stats(t, s, 4, 10, 20)
	}
	s.Release(disk)
	stats(t, s, 3, 10, 15)
	s.Release(memory)
	stats(t, s, 2, 4, 15)
	put(t, s, text(10), time.Hour, nil)
	stats(t, s, 3, 4, 25)
	if _, err := s.Put(text(2), time.Hour, nil); !errors.Is(err, lease.ErrFull) {
		t.Errorf("Put returned %v, want ErrFull", err)
	}
	put(t, s, raw(`1`), time.Hour, nil)
	stats(t, s, 4, 5, 25)
}

// Each file takes a descriptor.
func TestBoundOnFiles(t *testing.T) {
	dir := t.TempDir()
	s := lease.New(lease.Config{Total: 1 << 20, Dir: dir})
	tokens := []wire.Token{}
	for {
		token, err := s.Put(raw(`1`), time.Hour, nil)
		if errors.Is(err, lease.ErrFull) {
			break
		}
		if tokens = append(tokens, token); err != nil || len(tokens) > 512 {
			t.Fatalf("%d files, %v", len(tokens), err)
		}
	}
	stats(t, s, 512, 0, 512)
	s.Release(tokens[7])
	put(t, s, raw(`1`), time.Hour, nil)
	closeStore(t, s)
	stats(t, s, 0, 0, 0)
	empty(t, dir)
}

func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("files are left: %v, %v", entries, err)
	}
}

// Where there is no disk there is memory.
func TestCannotWrite(t *testing.T) {
	var log bytes.Buffer
	dir := filepath.Join(t.TempDir(), "nowhere")
	s := lease.New(lease.Config{Memory: 1, Total: 12, Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	defer closeStore(t, s)
	a := put(t, s, text(5), time.Hour, nil)
	put(t, s, text(6), time.Hour, nil)
	put(t, s, raw(`7`), time.Hour, nil)
	stats(t, s, 3, 12, 0)
	if v, _, err := s.Get(a, nil); err != nil || v.String() != `"xxx"` {
		t.Errorf("Get returned %v, %v", v, err)
	}
	if _, err := s.Put(raw(`1`), time.Hour, nil); !errors.Is(err, lease.ErrFull) {
		t.Errorf("Put returned %v, want ErrFull", err)
	}
	s.Release(a)
	stats(t, s, 2, 7, 0)
	for range 1000 { // what could not be written does not count as a file
		s.Release(put(t, s, raw(`1`), time.Hour, nil))
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), dir) {
		t.Errorf("logged %d lines, want 1 with the directory:\n%s", n, log.String())
	}
}

func TestEnded(t *testing.T) {
	for _, memory := range []int64{1 << 10, 0} {
		synctest.Test(t, func(t *testing.T) {
			s := lease.New(lease.Config{Memory: memory, Total: 1 << 10, Dir: t.TempDir()})
			names := make(chan string, 10)
			ended := func(name string) func() {
				return func() {
					s.Stats() // no lock is held
					names <- name
				}
			}
			put(t, s, raw(`1`), 3*time.Second, ended("third"))
			first := put(t, s, raw(`2`), time.Hour, ended("first"))
			put(t, s, raw(`3`), 2*time.Second, ended("second"))
			put(t, s, raw(`4`), time.Hour, ended("last"))
			s.Release(first)
			s.Release(first)
			<-time.After(5 * time.Second)
			synctest.Wait()
			stats(t, s, 1, min(memory, 1), 1-min(memory, 1))
			closeStore(t, s)
			closeStore(t, s)
			order := []string{}
			for len(names) > 0 {
				order = append(order, <-names)
			}
			if diff := cmp.Diff([]string{"first", "second", "third", "last"}, order); diff != "" {
				t.Errorf("ended (-want +got):\n%s", diff)
			}
			stats(t, s, 0, 0, 0)
			if _, err := s.Put(raw(`1`), time.Hour, ended("never")); !errors.Is(err, lease.ErrFull) {
				t.Errorf("Put returned %v after Close, want ErrFull", err)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lease.New(lease.Config{Memory: 100, Total: 100})
		defer closeStore(t, s)
		start := time.Now()
		var mu sync.Mutex
		at := map[string]time.Duration{}
		ended := func(name string) func() {
			return func() {
				mu.Lock()
				defer mu.Unlock()
				at[name] = time.Since(start)
			}
		}
		kept := func(token wire.Token) bool { _, ok, _ := s.Get(token, nil); return ok }

		put(t, s, raw(`0`), -time.Second, ended("never was"))
		synctest.Wait()
		first := put(t, s, raw(`5`), time.Second/2, ended("first"))
		long := put(t, s, raw(`1`), 4*time.Second, ended("long"))
		short := put(t, s, raw(`2`), time.Second, ended("short"))
		later := put(t, s, raw(`3`), time.Second, ended("later"))
		sooner := put(t, s, raw(`4`), time.Hour, ended("sooner"))
		if !s.Renew(first, 6*time.Second) || !s.Renew(later, 3*time.Second) || !s.Renew(sooner, 2*time.Second) {
			t.Error("leases can't be renewed")
		}
		<-time.After(time.Second - 1)
		synctest.Wait()
		if !kept(short) {
			t.Error("a lease ran out too early")
		}
		<-time.After(1)
		gone(t, s, short) // whether the timer came first or not
		synctest.Wait()
		stats(t, s, 4, 4, 0)
		s.Renew(long, 4*time.Second)
		<-time.After(time.Hour)
		synctest.Wait()
		for _, token := range []wire.Token{first, long, later, sooner} {
			gone(t, s, token)
		}
		stats(t, s, 0, 0, 0)
		want := map[string]time.Duration{
			"never was": 0, "short": time.Second, "sooner": 2 * time.Second, "later": 3 * time.Second, "long": 5 * time.Second,
			"first": 6 * time.Second,
		}
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("ended after (-want +got):\n%s", diff)
		}
	})
}
