package mpreg_test

import (
	"encoding/binary"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// frame returns a frame without its length.
func frame(kind wire.FrameKind, flags uint8, id uint64, body ...byte) []byte {
	return append(wire.AppendFrameHead(nil, wire.FrameHead{Kind: kind, Flags: flags, ID: id}), body...)
}

// written returns a frame that package wire writes.
func written(t testing.TB, write func(*wire.Frame) error) []byte {
	t.Helper()
	var f wire.Frame
	testkit.Must(t, write(&f))
	var data []byte
	for _, part := range f.Parts(nil) {
		data = append(data, part...)
	}
	return data
}

func helloFrame(t testing.TB, h *wire.Hello) []byte {
	t.Helper()
	return written(t, func(f *wire.Frame) error { return f.Hello(h) })
}

// callFrame is a CALL with arguments in JSON.
func callFrame(t testing.TB, id uint64, fn string, args ...any) []byte {
	t.Helper()
	cmd := wire.Command{Name: fn, Function: fn}
	for _, arg := range args {
		v, err := codec.Encode(codec.JSON{}, arg)
		testkit.Must(t, err)
		cmd.Args = append(cmd.Args, v)
	}
	return written(t, func(f *wire.Frame) error { return f.Request(id, &wire.Request{Commands: []wire.Command{cmd}}) })
}

// resultFrame is the answer to a CALL.
func resultFrame(t testing.TB, id uint64, result any) []byte {
	t.Helper()
	v, err := codec.Encode(codec.JSON{}, result)
	testkit.Must(t, err)
	return written(t, func(f *wire.Frame) error {
		return f.Response(id, &wire.Response{Results: []wire.Result{{Value: v}}}, 0)
	})
}

func errorFrame(t testing.TB, id uint64, code mpreg.Code, message string) []byte {
	t.Helper()
	return written(t, func(f *wire.Frame) error {
		return f.Response(id, &wire.Response{Error: &wire.Error{Code: wire.Code(code), Message: message}}, 0)
	})
}

// message is a websocket message with these frames.
func message(frames ...[]byte) []byte {
	var data []byte
	for _, f := range frames {
		data = append(binary.AppendUvarint(data, uint64(len(f))), f...)
	}
	return data
}

// clientHello is what an ordinary client says, and nodeHello a node.
func clientHello() *wire.Hello { return &wire.Hello{Versions: []int{1}} }

func nodeHello(id string, incarnation int64) *wire.Hello {
	return &wire.Hello{
		Versions: []int{1}, Node: id, Name: "node " + id, Incarnation: incarnation,
		Cluster: mpreg.DefaultClusterID, URLs: []string{refusing},
	}
}

// refusing is a URL at which nobody listens.
const refusing = "ws://127.0.0.1:1"

// gossipFrame is what the node that said h tells of itself: that it is alive, and
// offers these functions.
func gossipFrame(t testing.TB, h *wire.Hello, functions ...string) []byte {
	t.Helper()
	catalog := new(wire.Catalog)
	for _, fn := range functions {
		catalog.Functions = append(catalog.Functions, wire.Offer{Name: fn})
	}
	body, err := wire.AppendCatalog(nil, catalog)
	testkit.Must(t, err)
	stamp := wire.Stamp{Incarnation: h.Incarnation, Version: 1}
	return written(t, func(f *wire.Frame) error {
		return f.Gossip(&wire.Gossip{
			Records: []wire.Record{{ID: h.Node, Name: h.Name, URLs: h.URLs, Stamp: stamp, Body: uint64(h.Incarnation)}},
			Bodies:  []wire.Body{{ID: h.Node, Version: uint64(h.Incarnation), Parts: []string{string(body)}}},
		})
	})
}
