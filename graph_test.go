package mpreg_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// shuffle returns commands in another order: the order of declaration must not
// matter.
func shuffle(cmds []string, seed uint64) string {
	cmds = append([]string(nil), cmds...)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(cmds), func(i, j int) { cmds[i], cmds[j] = cmds[j], cmds[i] })
	return strings.Join(cmds, ",")
}

func chain(n int) []string {
	cmds := []string{`{"name":"c0","fun":"echo","args":["start"]}`}
	for i := 1; i < n; i++ {
		cmds = append(cmds, fmt.Sprintf(`{"name":"c%d","fun":"add1","args":["c%d"]}`, i, i-1))
	}
	return cmds
}

func fanIn(n int) (cmds []string, want string) {
	names, values := make([]string, n), make([]string, n)
	for i := range n {
		names[i], values[i] = fmt.Sprintf(`"in%d"`, i), fmt.Sprint(i)
		cmds = append(cmds, fmt.Sprintf(`{"name":"in%d","fun":"echo","args":[%d]}`, i, i))
	}
	cmds = append(cmds, `{"name":"all","fun":"echos","args":[`+strings.Join(names, ",")+`]}`)
	return cmds, `{"all":[` + strings.Join(values, ",") + `]}`
}

// TestNamesMode: what a stranger's request means, over JSON.
func TestNamesMode(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.RegisterFunctions(t, &s.Registry)
	testkit.Must(t, s.Register("add1", func(x string) string { return x + "+" }))
	chain100 := chain(100)
	fanIn300, fanIn300Want := fanIn(300)
	for _, row := range []struct {
		name string
		cmds []string
		want string
	}{
		{
			"a chain of two",
			[]string{`{"name":"first","fun":"echo","args":["hi there!"]}`, `{"name":"second","fun":"echo","args":["first"]}`},
			`{"second":"hi there!"}`,
		}, {
			"names with a bar, two leaves",
			[]string{
				`{"name":"|first","fun":"echo","args":["hi there!"]}`,
				`{"name":"|second","fun":"echo","args":["|first"]}`,
				`{"name":"|third","fun":"echos","args":["|first","AND ME TOO"]}`,
			},
			`{"|second":"hi there!","|third":["hi there!","AND ME TOO"]}`,
		}, {
			"one leaf",
			[]string{
				`{"name":"|first","fun":"echo","args":["hi there!"]}`,
				`{"name":"|second","fun":"echo","args":["|first"]}`,
				`{"name":"|third","fun":"echos","args":["|first","|second","AND ME TOO"]}`,
			},
			`{"|third":["hi there!","hi there!","AND ME TOO"]}`,
		}, {
			"nested references",
			[]string{
				`{"name":"a","fun":"echo","args":[1]}`,
				`{"name":"b","fun":"echo","args":[{"x":[{"y":"a"},"a"],"a":"z"}]}`,
			},
			`{"b":{"x":[{"y":1},1],"a":"z"}}`,
		}, {
			"keyword references",
			[]string{
				`{"name":"rate","fun":"echo","args":[0.5]}`,
				`{"name":"m","fun":"train","args":["d"],"kwargs":{"lr":"rate"}}`,
			},
			`{"m":{"data":"d","lr":0.5}}`,
		}, {
			"a part of a result, the longest name first",
			[]string{
				`{"name":"a","fun":"echo","args":[{"b":{"c":"from a"},"list":[10,20]}]}`,
				`{"name":"a.b","fun":"echo","args":[{"c":"from a.b"}]}`,
				`{"name":"out","fun":"echos","args":["a.b.c","a.list.1","a.nothing","a.list.7"]}`,
			},
			`{"out":["from a.b",20,"a.nothing","a.list.7"]}`,
		}, {
			"one's own name is data",
			[]string{`{"name":"a","fun":"echo","args":["a"]}`, `{"name":"b","fun":"echos","args":["b","a"]}`},
			`{"b":["b","a"]}`,
		}, {
			"a result that looks like a name is a result",
			[]string{
				`{"name":"a","fun":"echo","args":["b is not a name, but this is: "]}`,
				`{"name":"x","fun":"any","args":["a"]}`,
				`{"name":"y","fun":"echos","args":["x","q"]}`,
				`{"name":"q","fun":"echo","args":["x"]}`,
			},
			`{"y":["b is not a name, but this is: ","b is not a name, but this is: "]}`,
		}, {
			"substituted once",
			[]string{
				`{"name":"a","fun":"any","args":["b!"]}`,
				`{"name":"b!","fun":"echo","args":["B"]}`,
				`{"name":"c","fun":"echos","args":[["a"]]}`,
			},
			`{"c":[["B"]]}`,
		}, {
			"a diamond",
			[]string{
				`{"name":"top","fun":"echo","args":["x"]}`,
				`{"name":"left","fun":"add1","args":["top"]}`,
				`{"name":"right","fun":"echo","args":["top"]}`,
				`{"name":"bottom","fun":"echos","args":["left","right","top"]}`,
			},
			`{"bottom":["x+","x","x"]}`,
		},
		{"a chain of 100", chain100, `{"c99":"start` + strings.Repeat("+", 99) + `"}`},
		{"300 into one", fanIn300, fanIn300Want},
	} {
		t.Run(row.name, func(t *testing.T) {
			ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
			for seed := range uint64(4) {
				got := ws.Results(testkit.Request(shuffle(row.cmds, seed)))
				if diff := cmp.Diff(decoded(t, row.want), decoded(t, got)); diff != "" {
					t.Fatalf("order %d (-want +got):\n%s", seed, diff)
				}
			}
		})
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	testkit.Must(t, json.Unmarshal([]byte(text), &v))
	return v
}

// TestOlderForm: older clients wrap the request.
func TestOlderForm(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"rpc","rpc":{"cmds":[{"name":"a","fun":"echo","args":["x"]}],"u":"abc"}}`)
	if a := ws.Receive(); a.U != "abc" || string(a.R["a"]) != `"x"` {
		t.Errorf("got %s", a.Text)
	}
}

// TestExplicitRequest: from Go references are places, whatever the data says.
func TestExplicitRequest(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.RegisterFunctions(t, &s.Registry)
	type holder struct {
		Ref  any            `json:"ref"`
		More map[string]any `json:"more"`
	}
	for name, c := range map[string]*mpreg.Client{"socket": testkit.Connect(t, s.URL()), "node": s.Client()} {
		t.Run(name, func(t *testing.T) {
			r := mpreg.NewRequest()
			first := r.Add("echo", map[string]any{"label": "second", "tags": []string{"x", "y"}})
			second := r.Add("echo", "first")
			leaf := r.Add("echos", first.Field("label"), second, holder{
				Ref:  first.Field("tags", 1),
				More: map[string]any{"a/b~": []any{second, "echo", first.Field("tags", "0")}},
			})
			resp, err := c.Do(t.Context(), r.Return(second))
			testkit.Must(t, err)
			got, err := mpreg.Get[any](resp, leaf)
			testkit.Must(t, err)
			want := []any{"second", "first", map[string]any{
				"ref": "y", "more": map[string]any{"a/b~": []any{"first", "echo", "x"}},
			}}
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if text, err := mpreg.Get[string](resp, second); err != nil || text != "first" {
				t.Errorf("asked for: %q, %v", text, err)
			}
			if _, err := mpreg.Get[any](resp, first); err == nil || !strings.Contains(err.Error(), "Return") {
				t.Errorf("a result that was not asked for: %v", err)
			}
		})
	}
}

// TestForeignCommand: a command of another request is no reference.
func TestForeignCommand(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	other := mpreg.NewRequest().Add("echo", 1)
	for name, arg := range map[string]any{
		"itself": other, "a field": other.Field("x"), "nested": []any{other},
	} {
		t.Run(name, func(t *testing.T) {
			r := mpreg.NewRequest()
			r.Add("echo", arg)
			if _, err := s.Client().Do(t.Context(), r); err == nil || !strings.Contains(err.Error(), "another request") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestReports: what a request can ask to know of its execution.
func TestReports(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"rpc","u":"9","return_intermediate_results":true,"include_execution_summary":true,"cmds":[
		{"name":"c","fun":"echos","args":["a","b"]},{"name":"a","fun":"echo","args":[1]},{"name":"b","fun":"echo","args":["a"]}]}`)
	a := ws.Receive()
	if len(a.Intermediate) != 3 {
		t.Fatalf("want 3 levels: %s", a.Text)
	}
	for i, want := range []map[string]any{
		{"a": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0, "c": []any{1.0, 1.0}},
	} {
		level := a.Intermediate[i]
		if diff := cmp.Diff(any(want), level["accumulated_results"]); diff != "" {
			t.Errorf("level %d (-want +got):\n%s", i, diff)
		}
		for key, want := range map[string]any{
			"request_id": "9", "level_index": float64(i), "total_levels": 3.0, "completed_levels": float64(i + 1),
		} {
			if level[key] != want {
				t.Errorf("level %d: %s is %v", i, key, level[key])
			}
		}
		if level["timestamp"].(float64) < 1.6e9 || level["execution_time_ms"] == nil {
			t.Errorf("level %d: %v", i, level)
		}
	}
	if diff := cmp.Diff(map[string]any{"b": 1.0}, a.Intermediate[1]["level_results"]); diff != "" {
		t.Error(diff)
	}
	for _, key := range []string{
		"request_id", "total_execution_time_ms", "total_levels", "level_execution_times", "bottleneck_level_index",
		"average_level_time_ms", "parallel_commands_executed", "cross_cluster_hops",
	} {
		if _, ok := a.Summary[key]; !ok {
			t.Errorf("summary without %s", key)
		}
	}
	ws.Send(testkit.Request(`{"name":"a","fun":"echo","args":[1]}`))
	if a := ws.Receive(); strings.Contains(a.Text, "intermediate") || strings.Contains(a.Text, "summary") {
		t.Errorf("not asked for: %s", a.Text)
	}
}

// TestParsedRequest: a request in the wire's form, done through a client.
func TestParsedRequest(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	r, err := mpreg.ParseRequest([]byte(`{"return":["a"],"cmds":[{"name":"a","fun":"echo","args":[1.0]},{"name":"b","fun":"echos","args":["a","b"]}]}`))
	testkit.Must(t, err)
	resp, err := testkit.Connect(t, s.URL()).Do(t.Context(), r)
	testkit.Must(t, err)
	got := map[string]string{}
	for name, v := range maps.All(resp.Results) {
		got[name] = string(v.Bytes())
	}
	if diff := cmp.Diff(map[string]string{"a": "1.0", "b": `[1.0,"b"]`}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := mpreg.ParseRequest([]byte(`{"cmds":3}`)); err == nil || !strings.Contains(err.Error(), "cmds") {
		t.Errorf("got %v", err)
	}
}
