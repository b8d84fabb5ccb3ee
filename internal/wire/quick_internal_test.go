package wire

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
)

// sameBytes compares values by what they are, and numbers as they are written.
var sameBytes = gocmp.Comparer(func(a, b codec.Value) bool { return bytes.Equal(a.Bytes(), b.Bytes()) })

func quickSeeds(f *testing.F) {
	for _, seed := range []string{
		`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"f","args":[1, 1.0 ,"x"],"kwargs":{"k":[]},"locs":["gpu"]}]}`,
		`{"u":"1","role":"rpc","refs":"explicit","return":["a"],"timeout_ms":1.5,"cmds":[{"name":"a","fun":"f","refs":{"/args/0":["b","c",0]}}]}`,
		`{"u":"1","cmds":[{"name":"a","fun":"f","name":"b"}]}`, `{"u":null,"cmds":[{"name":"a","args":null}]}`,
		`{"u":"1","Cmds":[],"cmds":[{"NAME":"a"}]}`, `{"u":"\u0031\ud800","cmds":[{"name":"\xff"}]}`,
		`{"u":"1","cmds":[{"kwargs":{"a":1,"\u0061":2}}],"node":"n","traceparent":"t"}`,
		`{"role":"rpc-response","u":"1","r":{"a":[1.0],"b":{}},"error":null}`,
		`{"role":"rpc-response","u":"1","r":{"a":1,"\u0061":2},"error":null}`,
		`{"role":"rpc-response","u":"1","r":null,"error":{"code":1001,"message":"m"}}`, ` {"u" : "1" , "r" : { } } `,
	} {
		f.Add([]byte(seed))
	}
}

// FuzzQuickRequest holds the quick way of reading against the general one.
func FuzzQuickRequest(f *testing.F) {
	quickSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		quick, ok := quickRequest(data)
		if !ok {
			return
		}
		general, err := readAnyRequest(data)
		if err != nil {
			t.Fatalf("the quick way takes what the general one refuses: %v", err)
		}
		if diff := gocmp.Diff(general, quick, sameBytes); diff != "" {
			t.Errorf("(-general +quick):\n%s", diff)
		}
	})
}

// FuzzQuickResponse does so for responses, whose order the general way loses.
func FuzzQuickResponse(f *testing.F) {
	quickSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		quick, ok := quickResponse(data)
		if !ok {
			return
		}
		general, err := readResponse(data)
		if err != nil {
			t.Fatalf("the quick way takes what the general one refuses: %v", err)
		}
		for _, r := range []*Response{general, quick} {
			slices.SortFunc(r.Results, func(a, b Result) int { return cmp.Compare(a.Name, b.Name) })
		}
		if diff := gocmp.Diff(general, quick, sameBytes); diff != "" {
			t.Errorf("(-general +quick):\n%s", diff)
		}
	})
}

// TestQuick: what clients send is read the quick way.
func TestQuick(t *testing.T) {
	request, err := AppendRequest(nil, &Request{
		U: "1", Refs: Explicit, Return: []string{"a"}, TimeoutMS: 3, Traceparent: "t", Node: "n",
		Commands: []Command{{
			Name: "a", Function: "f", Args: []codec.Value{codec.Raw(codec.JSON{}, []byte("1"))},
			Kwargs: map[string]codec.Value{"k": {}}, Locs: []string{"x"}, Refs: map[string]Ref{"/args/0": {Command: "b"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := quickRequest(request); !ok {
		t.Errorf("not read the quick way: %s", request)
	}
	response, err := AppendResponse(nil, &Response{U: "1", Results: []Result{{Name: "a"}}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := quickResponse(response); !ok {
		t.Errorf("not read the quick way: %s", response)
	}
}
