package chaos_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// ownCode is the code of the errors that functions return because they were told to.
const ownCode mpreg.Code = 2001

// work is the first argument of each function: what it is to do.
type work struct {
	Key      string        `json:"key"`      // of the command, unique in the scenario
	Seed     uint64        `json:"seed"`     // goes into the result
	Takes    time.Duration `json:"takes"`    // before it returns
	Size     int           `json:"size"`     // of the result's data, in bytes
	Items    int           `json:"items"`    // of a stream
	Via      string        `json:"via"`      // the function to call for it, if any
	Stubborn bool          `json:"stubborn"` // does not heed its context
	Fails    bool          `json:"fails"`    // with ownCode
}

// result is what functions return, and the items of streams.
type result struct {
	Sum  uint64 `json:"sum"`
	Data string `json:"data"`
}

// compute is what a function of that name returns. It depends on nothing else, so
// that the test can tell what is right.
func (w work) compute(function string, inputs any) result {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d ", function, w.Seed)
	if w.Via != "" {
		inputs = []any{w.inner().compute(w.Via, []any{}).tree(), inputs}
	}
	digest(h, inputs)
	return newResult(h, w.Size)
}

// inner is the work of the function that is called by the one whose work it is.
func (w work) inner() work { return work{Key: w.Key + "/inner", Seed: w.Seed + 1} }

// item is the item of that number of the stream that a function of that name returns.
func (w work) item(function string, n int) result {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d item %d", function, w.Seed, n)
	return newResult(h, w.Size)
}

// items are all of them, as who collects them gets them.
func (w work) items(function string) any {
	list := make([]any, w.Items)
	for n := range list {
		list[n] = w.item(function, n).tree()
	}
	return list
}

func newResult(h hash.Hash, size int) result {
	r := result{Sum: binary.BigEndian.Uint64(h.Sum(nil))}
	if size > 0 {
		piece := fmt.Sprintf("%016x", r.Sum)
		r.Data = strings.Repeat(piece, size/len(piece)+1)[:size]
	}
	return r
}

// tree is the result as functions see it that take anything.
func (r result) tree() any { return map[string]any{"sum": r.Sum, "data": r.Data} }

// digest writes a tree, so that trees which differ are written differently.
func digest(h hash.Hash, tree any) {
	switch t := tree.(type) {
	case []any:
		fmt.Fprintf(h, "[%d ", len(t))
		for _, x := range t {
			digest(h, x)
		}
	case map[string]any:
		fmt.Fprintf(h, "{%d ", len(t))
		for _, key := range slices.Sorted(maps.Keys(t)) {
			fmt.Fprintf(h, "%q ", key)
			digest(h, t[key])
		}
	case string:
		fmt.Fprintf(h, "%d:", len(t))
		h.Write([]byte(t))
	default: // numbers, whatever their Go type
		fmt.Fprintf(h, "%v ", t)
	}
}

// pause waits for a part of the time that the work takes.
func (w work) pause(ctx context.Context, part int) error {
	if w.Takes <= 0 {
		return nil
	}
	if w.Stubborn {
		ctx = context.WithoutCancel(ctx)
	}
	select {
	case <-time.After(w.Takes / time.Duration(part)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
