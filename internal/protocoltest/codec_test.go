package protocoltest_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// ownCodec is a codec of an application: JSON that nobody would take for JSON.
type ownCodec struct{}

func (ownCodec) Name() string { return "app.mirror+1" }

func (ownCodec) Append(dst []byte, v any) ([]byte, error) {
	data, err := codec.JSON{}.Append(nil, v)
	return append(dst, mirrored(data)...), err
}

func (ownCodec) Decode(data []byte, v any) error { return codec.JSON{}.Decode(mirrored(data), v) }

func mirrored(data []byte) []byte {
	out := bytes.Clone(data)
	for i := range out {
		out[i] = ^out[i]
	}
	return out
}

// TestForeignCodec: a value in a codec that the nodes lack is carried as it is;
// who would have to decode it says which codec is missing.
func TestForeignCodec(t *testing.T) {
	near, far := nearAndFar(t)
	var kept mpreg.Value
	testkit.Must(t, far.Register("hold", func(v mpreg.Value) { kept = v }))
	testkit.Must(t, far.Register("held", func() mpreg.Value { return kept }))
	testkit.Eventually(t, "the functions are known", func() bool {
		_, err := near.Client().Call(t.Context(), "held")
		return err == nil
	})
	want := map[string]any{"n": int64(9007199254740993), "list": []any{1.0, "x", nil}}
	encoded, err := codec.Encode(ownCodec{}, want)
	testkit.Must(t, err)
	for name, s := range map[string]*mpreg.Server{"at the node": far, "one hop away": near} {
		t.Run(name, func(t *testing.T) {
			c := testkit.Connect(t, s.URL(), mpreg.WithCodec(ownCodec{}))
			for _, fn := range []string{"echo", "keep"} {
				v, err := c.Call(t.Context(), fn, want)
				testkit.Must(t, err)
				if v.Codec().Name() != (ownCodec{}).Name() || !bytes.Equal(v.Bytes(), encoded.Bytes()) {
					t.Errorf("%s: %s came back, in %s", fn, v.Bytes(), v.Codec().Name())
				}
				var got any
				testkit.Must(t, v.Decode(&got))
				if diff := cmp.Diff(any(want), got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", fn, diff)
				}
			}
			if got, err := mpreg.Call[[]int](t.Context(), c, "keeps", 1, 2); err == nil {
				t.Errorf("keeps makes a list of what can't be decoded: %v", got)
			} else if e := testkit.AsError(t, err); !strings.Contains(e.Message, (ownCodec{}).Name()) {
				t.Errorf("keeps: %v", err)
			}
			misfits(t, c, far, "add", 1, 2)
			misfits(t, c, far, "any", 1)
			misfits(t, c, far, "train", "d", mpreg.Kwargs{"lr": 0.5})

			r := mpreg.NewRequest()
			a := r.Add("keep", want)
			r.Add("keep", a)
			b := r.Add("keep", a.Field("list"))
			if _, err := c.Do(t.Context(), r); !errors.Is(err, mpreg.InvalidArgument) {
				t.Errorf("%v: a field of what nobody can look into: %v", b, err)
			}
			if got, err := mpreg.Call[string](t.Context(), c, "text"); err != nil || got != "in JSON" {
				t.Errorf("what a node makes itself: %q, %v", got, err)
			}
		})
	}
	t.Run("for a JSON client", func(t *testing.T) {
		_, err := testkit.Connect(t, near.URL(), mpreg.WithCodec(ownCodec{})).Call(t.Context(), "hold", want)
		testkit.Must(t, err)
		ws := testkit.Dial(t, near.URL(), websocket.Dialer{})
		ws.Send(testkit.Request(`{"name":"a","fun":"held"}`))
		a := ws.Receive()
		if a.Error == nil || a.Error.Code != int(mpreg.Internal) || !strings.Contains(a.Error.Message, (ownCodec{}).Name()) {
			t.Errorf("got %s", a.Text)
		}
		ws.Alive()
	})
	t.Run("for a client without it", func(t *testing.T) {
		c := testkit.Connect(t, near.URL())
		v, err := c.Call(t.Context(), "held")
		testkit.Must(t, err)
		if !bytes.Equal(v.Bytes(), encoded.Bytes()) {
			t.Errorf("got %s", v.Bytes())
		}
		if _, err := mpreg.Call[any](t.Context(), c, "held"); !errors.Is(err, mpreg.InvalidArgument) ||
			!strings.Contains(err.Error(), (ownCodec{}).Name()) {
			t.Errorf("got %v", err)
		}
	})
}

// misfits fails the test unless the function's node says which codec it lacks.
func misfits(t testing.TB, c *mpreg.Client, far *mpreg.Server, fn string, args ...any) {
	t.Helper()
	_, err := c.Call(t.Context(), fn, args...)
	e := testkit.AsError(t, err)
	if e.Code != mpreg.InvalidArgument || e.Executed != mpreg.ExecutedNo || e.Node != far.Name() ||
		!strings.Contains(e.Message, (ownCodec{}).Name()) {
		t.Errorf("%s: %v", fn, err)
	}
}

// TestCodecOfBothEnds: where the node has the codec too it is used throughout.
func TestCodecOfBothEnds(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(ownCodec{}))
	testkit.RegisterFunctions(t, &s.Registry)
	c := testkit.Connect(t, s.URL(), mpreg.WithCodec(ownCodec{}))
	v, err := c.Call(t.Context(), "add", 1, 2)
	testkit.Must(t, err)
	var sum int
	if err := v.Decode(&sum); err != nil || sum != 3 || v.Codec().Name() != (ownCodec{}).Name() {
		t.Errorf("%d in %s, %v", sum, v.Codec().Name(), err)
	}
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	if h := p.greet(clientHello()); !cmp.Equal(h.Codecs, []string{"json", "cbor", (ownCodec{}).Name()}) {
		t.Errorf("the node has the codecs %q", h.Codecs)
	}
	p.alive()
}
