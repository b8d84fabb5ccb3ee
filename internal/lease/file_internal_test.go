package lease

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mpreg/mpreg/codec"
)

// Systems that can't remove an open file have it removed when it is closed.
func TestFileWithName(t *testing.T) {
	f := file{codec: codec.JSON{}, size: 1}
	if err := f.write(t.TempDir(), codec.Raw(codec.JSON{}, []byte(`1`))); err != nil {
		t.Fatal(err)
	}
	f.name = filepath.Join(t.TempDir(), "lease")
	if err := os.WriteFile(f.name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

// What a file lost is no value: the lease is gone, and strangers are not told
// where the file was.
func TestFileCutShort(t *testing.T) {
	var log bytes.Buffer
	s := New(Config{Total: 100, Dir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	defer func() { _ = s.Close() }()
	token, err := s.Put(codec.Raw(codec.JSON{}, []byte(`12345`)), time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.leases[token].file.f.Truncate(4); err != nil {
		t.Fatal(err)
	}
	_, found, err := s.Get(token, nil)
	if found || !errors.Is(err, ErrGone) || strings.Contains(err.Error(), "mpreg-lease") {
		t.Errorf("Get returned %v, %v", found, err)
	}
	if !strings.Contains(log.String(), "EOF") {
		t.Errorf("log is %q", log.String())
	}
}
