package protocoltest_test

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
		Cluster: mpreg.DefaultClusterID, URLs: []string{testkit.Nowhere},
	}
}

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

// uv is a number as it stands in frames.
func uv(n uint64) []byte { return binary.AppendUvarint(nil, n) }

// echoFrame is a CALL of echo with these tlvs and this argument.
func echoFrame(id uint64, tlvs, arg string) []byte {
	call := frame(wire.KindCall, 0, id, 0, 0) // hops and no timeout
	call = append(call, "\x04echo\x00\x00"...)
	return append(append(append(call, tlvs...), '\x01'), arg+"\x00"...)
}

// chunk is a CHUNK frame. total is left out where FlagFirst is not among the
// flags.
func chunk(flags uint8, lane, total uint64, data []byte) []byte {
	f := frame(wire.KindChunk, flags, lane)
	if flags&wire.FlagFirst != 0 {
		f = append(f, uv(total)...)
	}
	return append(f, data...)
}

// chunks cuts a frame into those of a lane.
func chunks(lane uint64, f []byte) [][]byte {
	const size = 60_000
	var list [][]byte
	for at := 0; at < len(f); at += size {
		var flags uint8
		if at == 0 {
			flags |= wire.FlagFirst
		}
		if at+size >= len(f) {
			flags |= wire.FlagLast
		}
		list = append(list, chunk(flags, lane, uint64(len(f)), f[at:min(at+size, len(f))]))
	}
	return list
}

func itemFrame(t testing.TB, id uint64, item any) []byte {
	t.Helper()
	v, err := codec.Encode(codec.JSON{}, item)
	testkit.Must(t, err)
	return written(t, func(f *wire.Frame) error { return f.Item(id, v, 0) })
}

// streamedFrame ends a stream of so many items.
func streamedFrame(t testing.TB, id uint64, items int64) []byte {
	t.Helper()
	return written(t, func(f *wire.Frame) error {
		return f.Response(id, &wire.Response{Streamed: true, Items: items, Results: []wire.Result{{}}}, 0)
	})
}

// refusalFrame is what a node that drains answers.
func refusalFrame(t *testing.T, id uint64, command string, executed mpreg.Executed) []byte {
	t.Helper()
	details := map[string]any{"executed": executed.String()}
	if command != "" {
		details["command"] = command
	}
	return written(t, func(f *wire.Frame) error {
		return f.Response(id, &wire.Response{Error: &wire.Error{Code: wire.Code(mpreg.Unavailable), Message: "not here", Details: details}}, 0)
	})
}

// gossips is a GOSSIP frame.
func gossips(t testing.TB, g *wire.Gossip) []byte {
	t.Helper()
	return written(t, func(f *wire.Frame) error { return f.Gossip(g) })
}
