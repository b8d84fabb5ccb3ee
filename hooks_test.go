package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// trail notes what happens in which order.
type trail struct {
	mu    sync.Mutex
	steps []string
}

func (l *trail) add(step string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = append(l.steps, step)
}

func (l *trail) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	steps := l.steps
	l.steps = nil
	return steps
}

// passes is an interceptor that notes that it was passed.
func (l *trail) passes(name string) mpreg.Interceptor {
	return func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			l.add("> " + name)
			defer l.add("< " + name)
			return next(ctx, inv)
		}
	}
}

// TestInterceptorOrder: the first is the outermost, on both ends, around each
// call and each command.
func TestInterceptorOrder(t *testing.T) {
	var l trail
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(l.passes("s1"), l.passes("s2")), mpreg.WithInterceptors(l.passes("s3")))
	testkit.Must(t, s.Register("f", func(x int) int { l.add("f"); return x }))
	c := testkit.Connect(t, s.URL(), mpreg.WithInterceptors(l.passes("c1")), mpreg.WithInterceptors(l.passes("c2")))
	node := []string{"> s1", "> s2", "> s3", "f", "< s3", "< s2", "< s1"}
	_, err := c.With(mpreg.Header("k", "v")).Call(t.Context(), "f", 1)
	testkit.Must(t, err)
	if diff := cmp.Diff(slices.Concat([]string{"> c1", "> c2"}, node, []string{"< c2", "< c1"}), l.take()); diff != "" {
		t.Errorf("Call (-want +got):\n%s", diff)
	}
	r := mpreg.NewRequest()
	r.Add("f", r.Add("f", 1))
	_, err = c.Do(t.Context(), r)
	testkit.Must(t, err)
	if diff := cmp.Diff(slices.Concat([]string{"> c1", "> c2"}, node, node, []string{"< c2", "< c1"}), l.take()); diff != "" {
		t.Errorf("Do (-want +got):\n%s", diff)
	}
	_, err = s.Client().Call(t.Context(), "f", 1)
	testkit.Must(t, err)
	if diff := cmp.Diff(node, l.take()); diff != "" {
		t.Errorf("within the node (-want +got):\n%s", diff)
	}
}

// TestServerInterceptor: it sees the call, and may answer it, change what goes
// in and comes out, and derive the context.
func TestServerInterceptor(t *testing.T) {
	type key struct{}
	var l trail
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			switch inv.Locs = append(inv.Locs, ""); inv.Function {
			case "cached":
				return codec.Encode(codec.JSON{}, "from the cache")
			case "refused":
				return mpreg.Value{}, mpreg.Errorf(2001, "not today")
			case "plain":
				return mpreg.Value{}, errors.New("just no")
			case "panics":
				panic("at /etc/secret.go:1")
			case "replaced":
				return next(t.Context(), inv)
			}
			l.add(fmt.Sprint(inv.Function, inv.Command, inv.Args, inv.Kwargs, inv.Headers, inv.Request == nil))
			inv.Args = append(inv.Args, inv.Args[0])
			v, err := next(context.WithValue(ctx, key{}, "derived"), inv)
			if errors.Is(err, mpreg.Failed) {
				return mpreg.Value{}, mpreg.Errorf(2002, "as the function said: %w", err)
			}
			if err != nil {
				return v, err
			}
			return codec.Encode(codec.JSON{}, []mpreg.Value{v, v})
		}
	}))
	testkit.Must(t, s.Register("f", func(ctx context.Context, a, b int) string { return fmt.Sprint(ctx.Value(key{}), a, b) }))
	testkit.Must(t, s.Register("fails", func(_, _ int) error { return errors.New("boom") }))
	never := func() { t.Error("ran") }
	for _, name := range []string{"cached", "refused", "plain", "panics", "replaced"} {
		testkit.Must(t, s.Register(name, never))
	}
	c := testkit.Connect(t, s.URL(), mpreg.Header("h", "1"))
	v, err := c.Call(t.Context(), "f", 7)
	if err != nil || v.String() != `["derived7 7","derived7 7"]` {
		t.Errorf("changed: %s, %v", v, err)
	}
	if diff := cmp.Diff([]string{"ff[7] map[] map[h:1] true"}, l.take()); diff != "" {
		t.Errorf("what it saw (-want +got):\n%s", diff)
	}
	if got, err := mpreg.Call[string](t.Context(), c, "cached"); err != nil || got != "from the cache" {
		t.Errorf("answered: %q, %v", got, err)
	}
	for _, row := range []struct {
		fn       string
		args     []any
		code     mpreg.Code
		executed mpreg.Executed
		says     string
	}{
		{"refused", nil, 2001, mpreg.ExecutedNo, "not today"},
		{"plain", nil, mpreg.Failed, mpreg.ExecutedNo, "just no"}, // as if the function had returned it, but it did not run
		{"panics", nil, mpreg.Internal, mpreg.ExecutedNo, "panicked"},
		{"replaced", nil, mpreg.Internal, mpreg.ExecutedNo, "context"},
		{"fails", []any{1}, 2002, mpreg.ExecutedYes, "as the function said: "},
		{"f", []any{"x"}, mpreg.InvalidArgument, mpreg.ExecutedNo, "argument 0"},
	} {
		_, err := c.Call(t.Context(), row.fn, row.args...)
		var e *mpreg.Error
		if !errors.As(err, &e) || e.Code != row.code || e.Executed != row.executed || e.Function != row.fn ||
			!strings.Contains(e.Message, row.says) || strings.Contains(e.Message, "secret") {
			t.Errorf("%s: want %v, %v, got %v", row.fn, row.code, row.executed, err)
		}
	}
}

// TestInterceptorsAppend: what an interceptor appends is in no memory that another call,
// or another attempt at this one, has too.
func TestInterceptorsAppend(t *testing.T) {
	one, other := codec.Raw(codec.JSON{}, []byte("1")), codec.Raw(codec.JSON{}, []byte("2"))
	appends := func(where string) mpreg.Interceptor {
		return func(next mpreg.Invoker) mpreg.Invoker {
			return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
				a, b := *inv, *inv
				a.Args, a.Locs = append(a.Args, one), append(a.Locs, "x")
				b.Args, b.Locs = append(b.Args, other), append(b.Locs, "y")
				n, m := len(inv.Args), len(inv.Locs)
				if got := fmt.Sprint(a.Args[n], b.Args[n], a.Locs[m], b.Locs[m]); got != "1 2xy" {
					t.Errorf("%s, %d arguments and %d locs: %s", where, n, m, got)
				}
				return next(ctx, inv)
			}
		}
	}
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(appends("node")))
	locs := make([]string, 20)
	for i := range locs {
		locs[i] = fmt.Sprint("loc-", i)
	}
	testkit.Must(t, s.Register("count", func(args ...mpreg.Value) int { return len(args) }, locs...))
	for _, with := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
		c := testkit.Connect(t, s.URL(), mpreg.WithInterceptors(appends("client")), mpreg.WithCodec(with))
		for n := range locs {
			if got, err := mpreg.Call[int](t.Context(), c, "count", make([]any, n)...); err != nil || got != n {
				t.Errorf("%d arguments: %d, %v", n, got, err)
			}
			c = c.With(mpreg.At(locs[n]))
		}
	}
}

// TestInterceptorChangesAndFails: a command that is tried at another node is what its
// caller asked for, whatever an interceptor of this one has made of it; and so it is to
// who asks for its Info.
func TestInterceptorChangesAndFails(t *testing.T) {
	changes := func(mpreg.Invoker) mpreg.Invoker {
		return func(_ context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			inv.Locs[0], inv.Args[0] = "changed", codec.Raw(codec.JSON{}, []byte("2"))
			inv.Function, inv.Command, inv.Locs = "changed", "changed", append(inv.Locs, "changed")
			return mpreg.Value{}, mpreg.Errorf(mpreg.Unavailable, "not here")
		}
	}
	tells := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			asked := fmt.Sprint(inv.Function, inv.Command, inv.Locs, inv.Args)
			inv.Function, inv.Command, inv.Locs[0] = "changed", "changed", "changed"
			if _, err := next(ctx, inv); err != nil {
				return mpreg.Value{}, err
			}
			info := mpreg.InfoFromContext(ctx)
			return codec.Encode(codec.JSON{}, fmt.Sprint(asked, " ", info.Function, info.Command, info.Locs))
		}
	}
	far := testkit.NewServer(t, mpreg.Config{}, mpreg.WithInterceptors(tells))
	testkit.Must(t, far.Register("f", func(int) {}, "a", "b"))
	testkit.Run(t, far)
	near := testkit.NewServer(t, mpreg.Config{Peers: []string{far.URL()}}, mpreg.WithInterceptors(changes))
	testkit.Must(t, near.Register("f", func(int) {}, "a", "b"))
	testkit.Run(t, near)
	testkit.Acquainted(t, near, far)
	c := near.Client().With(mpreg.At("a", "b"))
	for range 20 { // of which the first begins at this node
		if got, err := mpreg.Call[string](t.Context(), c, "f", 1); err != nil || got != "ff[a b] [1] ff[a b]" {
			t.Fatalf("%s, %v", got, err)
		}
	}
}

// TestClientInterceptor: it sees Call and Do, may add headers, answer, and
// change what comes out.
func TestClientInterceptor(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("headers", func(ctx context.Context) map[string]string { return mpreg.InfoFromContext(ctx).Headers }))
	view := mpreg.Header("own", "1")
	c := testkit.Connect(t, s.URL(), view, mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			switch {
			case inv.Function == "offline":
				return codec.Encode(codec.JSON{}, 42)
			case inv.Function == "replaced":
				return next(ctx, &mpreg.Invocation{Function: "echo", Command: "echo"})
			case inv.Function == "refused":
				return mpreg.Value{}, errors.New("not from here")
			case inv.Request != nil && inv.Headers["silent"] != "":
				return mpreg.Value{}, nil
			}
			inv.Headers["kind"] = fmt.Sprintf("call %q do %v", inv.Function, inv.Request != nil)
			v, err := next(ctx, inv)
			if errors.Is(err, mpreg.NotFound) {
				return codec.Encode(codec.JSON{}, "nobody")
			}
			return v, err
		}
	}))
	got, err := mpreg.Call[map[string]string](t.Context(), c, "headers")
	testkit.Must(t, err)
	if diff := cmp.Diff(map[string]string{"own": "1", "kind": `call "headers" do false`}, got); diff != "" {
		t.Errorf("Call (-want +got):\n%s", diff)
	}
	r := mpreg.NewRequest()
	cmd := r.Add("headers")
	response, err := c.Do(t.Context(), r)
	testkit.Must(t, err)
	got, err = mpreg.Get[map[string]string](response, cmd)
	testkit.Must(t, err)
	if diff := cmp.Diff(map[string]string{"own": "1", "kind": `call "" do true`}, got); diff != "" {
		t.Errorf("Do (-want +got):\n%s", diff)
	}
	for fn, want := range map[string]string{"offline": "42", "nowhere": `"nobody"`} {
		if v, err := c.Call(t.Context(), fn); err != nil || v.String() != want {
			t.Errorf("%s: %s, %v", fn, v, err)
		}
	}
	if _, err := c.Call(t.Context(), "refused"); !errors.Is(err, mpreg.Failed) || !strings.Contains(err.Error(), "not from here") {
		t.Errorf("refused: %v", err)
	}
	if _, err := c.Call(t.Context(), "replaced"); !errors.Is(err, mpreg.Internal) || !strings.Contains(err.Error(), "Invocation") {
		t.Errorf("replaced: %v", err)
	}
	if _, err := c.With(mpreg.Header("silent", "1")).Do(t.Context(), r); !errors.Is(err, mpreg.Internal) {
		t.Errorf("Do that nobody executed: %v", err)
	}
}

// TestSharedError: an error that an interceptor returns again and again is never
// written to, and says of each call whether it ran.
func TestSharedError(t *testing.T) {
	shared := mpreg.Errorf(2001, "always the same")
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			if inv.Function == "after" {
				_, _ = next(ctx, inv)
			}
			return mpreg.Value{}, shared
		}
	}))
	testkit.Must(t, s.Register("before", func() {}))
	testkit.Must(t, s.Register("after", func() {}))
	c := testkit.Connect(t, s.URL())
	var callers sync.WaitGroup
	for i := range 20 {
		fn, want := "before", mpreg.ExecutedNo
		if i%2 == 0 {
			fn, want = "after", mpreg.ExecutedYes
		}
		callers.Go(func() {
			_, err := c.Call(t.Context(), fn)
			if e := new(mpreg.Error); !errors.As(err, &e) || e.Code != 2001 || e.Executed != want {
				t.Errorf("%s: %v", fn, err)
			}
		})
	}
	callers.Wait()
	if shared.Executed != mpreg.ExecutedMaybe || shared.Function != "" {
		t.Errorf("it was changed: %v", shared)
	}
}

// TestHeadersOnTheWire: a stranger's headers and trace reach the function.
func TestHeadersOnTheWire(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("headers", func(ctx context.Context) []string {
		info := mpreg.InfoFromContext(ctx)
		return []string{info.Headers["a"], info.Trace}
	}))
	got := testkit.Dial(t, s.URL(), websocket.Dialer{}).Results(
		`{"role":"rpc","u":"1","headers":{"a":"b"},"traceparent":"00-1-2-01","cmds":[{"name":"x","fun":"headers"}]}`)
	if got != `{"x":["b","00-1-2-01"]}` {
		t.Errorf("got %s", got)
	}
}
