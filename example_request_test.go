package mpreg_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/mpreg/mpreg"
)

// A command in an argument of another stands for its result. All four travel to
// the node at once, and each runs as soon as its own inputs are there.
func ExampleRequest() {
	node, stop := startNode(map[string]any{
		"words": strings.Fields,
		"join":  strings.Join,
		"count": func(words []string) int { return len(words) },
		"title": func(text string, words int) string { return fmt.Sprintf("%s (%d words)", text, words) },
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	r := mpreg.NewRequest()
	words := r.Add("words", "on  the   origin of species")
	text := r.Add("join", words, " ")
	count := r.Add("count", words)
	title := r.Add("title", text, count)

	resp, err := client.Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mpreg.Get[string](resp, title))
	// Output: on the origin of species (5 words) <nil>
}

// A response holds the results of the leaves, which nothing else uses. Return
// asks for others.
func ExampleRequest_Return() {
	node, stop := startNode(map[string]any{
		"square": func(n int) int { return n * n },
	})
	defer stop()

	r := mpreg.NewRequest()
	nine := r.Add("square", 3)
	r.Add("square", nine).Named("leaf")
	r.Return(nine)

	resp, err := node.Client().Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mpreg.Get[int](resp, nine))
	fmt.Println(resp.Results["leaf"])
	// Output:
	// 9 <nil>
	// 81
}

// A field of a result is an argument as well; only it goes to the function.
func ExampleCommand_Field() {
	type picture struct {
		Size  [2]int   `json:"size"`
		Faces []string `json:"faces"`
	}
	node, stop := startNode(map[string]any{
		"look":  func(name string) picture { return picture{[2]int{640, 480}, []string{"Ada", "Alan"}} },
		"greet": func(who string, width int) string { return fmt.Sprintf("Hello %s, you are on %d pixels", who, width) },
	})
	defer stop()

	r := mpreg.NewRequest()
	seen := r.Add("look", "party.jpg")
	r.Add("greet", seen.Field("faces", 0), seen.Field("size", 0))

	resp, err := node.Client().Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Results["greet"])
	// Output: "Hello Ada, you are on 640 pixels"
}

// References may stand anywhere in an argument. Each command has its own locs.
func ExampleCommand_At() {
	node, stop := startNode(map[string]any{
		"total": func(sales map[string]int) int { return sales["north"] + sales["south"] },
	})
	defer stop()
	for loc, sold := range map[string]int{"north": 30, "south": 12} {
		if err := node.Register("sold", func() int { return sold }, loc); err != nil {
			fmt.Println(err)
			return
		}
	}

	r := mpreg.NewRequest()
	total := r.Add("total", map[string]any{
		"north": r.Add("sold").At("north"),
		"south": r.Add("sold").At("south"),
	})

	resp, err := node.Client().Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mpreg.Get[int](resp, total))
	// Output: 42 <nil>
}

// A request may come from a file or from another language: in JSON, as it goes
// over the wire. There a string that is another command's name refers to it.
func ExampleParseRequest() {
	node, stop := startNode(map[string]any{
		"upper": strings.ToUpper,
	})
	defer stop()

	r, err := mpreg.ParseRequest([]byte(`{"cmds": [
		{"name": "first",  "fun": "upper", "args": ["hi there!"]},
		{"name": "second", "fun": "echos", "args": ["first", "and me too"]}
	]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := node.Client().Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Results)
	// Output: map[second:["HI THERE!","and me too"]]
}
