package doctest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"strings"

	"github.com/mpreg/mpreg"
)

var ctx = context.Background()

var quiet = mpreg.WithLogger(slog.New(slog.DiscardHandler))

// serve runs a node, and returns it with a client and what ends both.
func serve(cfg mpreg.Config, opts ...mpreg.ServerOption) (*mpreg.Server, *mpreg.Client, func()) {
	server, err := mpreg.NewServer(cfg, append(opts, quiet)...)
	check(err)
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	check(server.Ready(ctx))
	client := mpreg.NewClient(server.URL(), quiet)
	return server, client, func() {
		_ = client.Close()
		stop()
		check(<-served)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func Example_keywords() {
	server, client, stop := serve(mpreg.Config{})
	defer stop()

	type Options struct {
		Rate  float64 `json:"rate" validate:"gt=0,lte=1"`
		Years int     `json:"years"`
	}
	err := server.Register("grow", func(capital float64, o Options) float64 {
		return capital * math.Pow(1+o.Rate, float64(o.Years))
	})

	check(err)
	{
		v, err := client.Call(ctx, "grow", 100, mpreg.Kwargs{"rate": 0.5, "years": 2}) // 225.0
		fmt.Println(v, err)
	}
	_, err = client.Call(ctx, "grow", 100, mpreg.Kwargs{"rate": 2})
	fmt.Println(errors.Is(err, mpreg.InvalidArgument))
	// Output:
	// 225.0 <nil>
	// true
}

func describe(client *mpreg.Client, raw []byte) (string, error) {
	r := mpreg.NewRequest()
	img := r.Add("decode", raw)
	cls := r.Add("classify", img)                     // a command as an argument is its result
	out := r.Add("describe", cls.Field("label"), img) // or a part of it, anywhere in an argument
	resp, err := client.Do(ctx, r)
	if err != nil {
		return "", err
	}
	return mpreg.Get[string](resp, out)
}

func Example_graph() {
	server, client, stop := serve(mpreg.Config{})
	defer stop()
	check(server.Register("decode", func(raw []byte) string { return string(raw) }))
	check(server.Register("classify", func(img string) map[string]any {
		return map[string]any{"label": strings.TrimRight(img, "0123456789"), "certainty": 0.9}
	}))
	check(server.Register("describe", func(label, img string) string { return img + " is a " + label }))

	fmt.Println(describe(client, []byte("cat7")))

	r := mpreg.NewRequest()
	r.Add("classify", r.Add("decode", []byte("dog3")))
	{
		watching := client.With(mpreg.OnEvent(func(e mpreg.Event) {
			fmt.Println(e.Kind, e.Command, e.Bytes)
		}))
		resp, err := watching.Do(ctx, r)
		fmt.Println(resp.Results, err)
	}
	// Output:
	// cat7 is a cat <nil>
	// started decode 0
	// finished decode 6
	// started classify 0
	// finished classify 31
	// map[classify:{"certainty":0.9,"label":"dog"}] <nil>
}

func Example_stream() {
	server, client, stop := serve(mpreg.Config{})
	defer stop()

	err := server.Register("count", func(n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) { // waits for a slow caller; false: nobody wants more
					return
				}
			}
		}
	})

	check(err)
	for i, err := range mpreg.Stream[int](ctx, client, "count", 3) {
		fmt.Println(i, err) // an error ends the stream
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 2 <nil>
}

func Example_locs() {
	server, client, stop := serve(mpreg.Config{})
	defer stop()
	small := func(x int) string { return fmt.Sprint("small ", x) }
	large := func(x int) string { return fmt.Sprint("large ", x) }
	x := 1

	err := errors.Join(
		server.Register("predict", small, "model-a"),
		server.Register("predict", large, "model-b", "gpu"),
	)

	check(err)
	{
		y, err := client.With(mpreg.At("gpu")).Call(ctx, "predict", x) // by large: it has all locs
		fmt.Println(y, err)
	}
	r := mpreg.NewRequest()
	r.Add("predict", x).At("model-a")
	resp, err := client.Do(ctx, r)
	fmt.Println(resp.Results, err)
	// Output:
	// "large 1" <nil>
	// map[predict:"small 1"] <nil>
}
