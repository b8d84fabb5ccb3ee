package lease

import (
	"errors"
	"io/fs"
	"os"

	"github.com/mpreg/mpreg/codec"
)

// file is a value in a temporary file.
type file struct {
	codec codec.Codec
	size  int64
	uses  int // by the lease and by readers; guarded by Store.mu

	f *os.File
	// name is empty where the file could be unlinked while it is open: nothing
	// of it is left then when the process is killed.
	name string
}

// write makes the file, or leaves nothing of it.
func (f *file) write(dir string, v codec.Value) error {
	tmp, err := os.CreateTemp(dir, "mpreg-lease-*") // for this user only
	if err != nil {
		return err
	}
	f.f = tmp
	if os.Remove(tmp.Name()) != nil {
		f.name = tmp.Name()
	}
	if _, err := tmp.Write(v.Bytes()); err != nil {
		return errors.Join(err, f.remove())
	}
	return nil
}

// read returns the value. Several may read at once.
func (f *file) read() (codec.Value, error) {
	data := make([]byte, f.size)
	if _, err := f.f.ReadAt(data, 0); err != nil { // an error also if it is short
		return codec.Value{}, err
	}
	return codec.Raw(f.codec, data), nil
}

// remove closes the file, which nobody uses any more, and removes it.
func (f *file) remove() error {
	err := f.f.Close()
	if f.name != "" {
		if e := os.Remove(f.name); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
