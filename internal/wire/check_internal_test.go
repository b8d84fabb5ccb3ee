package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// TestOrdinary: the short cut around the validator never lets through what the
// validator would refuse.
func TestOrdinary(t *testing.T) {
	name := rapid.OneOf(rapid.StringN(1, 5, -1), rapid.StringN(0, 300, -1))
	list := rapid.OneOf(rapid.SliceOfN(name, 0, 2), rapid.SliceOfN(rapid.Just("x"), 0, 300))
	ordinary := 0
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{1, 1, 1, 2, 0, MaxCommands, MaxCommands + 1}).Draw(t, "commands")
		r := &Request{
			U: name.Draw(t, "u"), Commands: make([]Command, size),
			Refs:        rapid.SampledFrom([]string{"", Explicit, "names"}).Draw(t, "refs"),
			Return:      list.Draw(t, "return"),
			TimeoutMS:   rapid.Float64().Draw(t, "timeout_ms"),
			Traceparent: name.Draw(t, "traceparent"), ClusterID: name.Draw(t, "cluster_id"), Node: name.Draw(t, "node"),
			Headers: rapid.MapOfN(name, name, 0, 3).Draw(t, "headers"),
			Window:  rapid.OneOf(rapid.Just(0), rapid.Int()).Draw(t, "window"),
			HedgeMS: rapid.Float64().Draw(t, "hedge_ms"),
		}
		for i := range r.Commands {
			r.Commands[i] = Command{Name: "c", Function: "f"}
		}
		if size > 0 {
			r.Commands[size-1] = Command{Name: name.Draw(t, "name"), Function: name.Draw(t, "fun"), Locs: list.Draw(t, "locs")}
		}
		if !r.ordinary() {
			return
		}
		ordinary++
		if err := check(r); err != nil {
			t.Fatalf("ordinary, but %v", err)
		}
		for i := range r.Commands {
			if err := check(&r.Commands[i]); err != nil {
				t.Fatalf("ordinary, but %v", err)
			}
		}
	})
	if ordinary == 0 {
		t.Error("no request was ordinary: nothing was tested")
	}
}

// TestOrdinaryMeansSmall: all that is not small is left to the validator, and
// what programs send is not.
func TestOrdinaryMeansSmall(t *testing.T) {
	long := string(make([]byte, ordinarySize+1))
	usual := func() *Request {
		return &Request{
			U: "1", Refs: Explicit, Return: []string{"c"}, TimeoutMS: 5, Headers: map[string]string{"h": ""},
			Commands: []Command{{Name: "c", Function: "f", Locs: []string{"gpu"}, Refs: map[string]Ref{"/args/0": {}}}},
		}
	}
	if !usual().ordinary() {
		t.Error("an ordinary request is taken for none")
	}
	for name, change := range map[string]func(*Request){
		"u":           func(r *Request) { r.U = long },
		"no u":        func(r *Request) { r.U = "" },
		"no commands": func(r *Request) { r.Commands = nil },
		"commands":    func(r *Request) { r.Commands = make([]Command, MaxCommands+1) },
		"refs":        func(r *Request) { r.Refs = "x" },
		"timeout":     func(r *Request) { r.TimeoutMS = -1 },
		"window":      func(r *Request) { r.Window = -1 },
		"wide window": func(r *Request) { r.Window = MaxWindow + 1 },
		"hedge":       func(r *Request) { r.HedgeMS = -1 },
		"return":      func(r *Request) { r.Return[0] = "" },
		"traceparent": func(r *Request) { r.Traceparent = long },
		"cluster":     func(r *Request) { r.ClusterID = long },
		"node":        func(r *Request) { r.Node = long },
		"header name": func(r *Request) { r.Headers[""] = "x" },
		"header":      func(r *Request) { r.Headers["h"] = long },
		"name":        func(r *Request) { r.Commands[0].Name = "" },
		"function":    func(r *Request) { r.Commands[0].Function = long },
		"locs":        func(r *Request) { r.Commands[0].Locs = make([]string, ordinarySize+1) },
		"loc":         func(r *Request) { r.Commands[0].Locs[0] = "" },
		"keyword":     func(r *Request) { r.Commands[0].Kwargs = Results{long: {}} },
		"place":       func(r *Request) { r.Commands[0].Refs[long] = Ref{} },
		"headers": func(r *Request) {
			for i := range MaxHeaders {
				r.Headers[string(rune('一'+i))] = ""
			}
		},
	} {
		r := usual()
		if change(r); r.ordinary() {
			t.Errorf("%s: taken for ordinary", name)
		}
	}
}
