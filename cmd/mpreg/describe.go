package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/mpreg/mpreg"
)

type describeCommand struct {
	target
	Fun string `arg:"" help:"The function's name."`
}

// description is an offer as mpreg.describe tells of it; see member for why it
// has its own type.
type description struct {
	offer
	Doc        string            `json:"doc"`
	Idempotent bool              `json:"idempotent"`
	Params     []json.RawMessage `json:"params"`
	Variadic   bool              `json:"variadic"`
	Keywords   json.RawMessage   `json:"keywords"`
	Result     json.RawMessage   `json:"result"`
	Stream     bool              `json:"stream"` // of results
}

// Run prints a paragraph an offer.
func (c *describeCommand) Run(ctx context.Context, std stdio) error {
	if c.Output == "json" {
		return c.showJSON(ctx, std.out, "mpreg.describe", c.Fun)
	}
	request := mpreg.NewRequest()
	describe, peers := request.Add("mpreg.describe", c.Fun), request.Add("mpreg.peers")
	response, err := c.do(ctx, request, false)
	if err != nil {
		return err
	}
	list, err := mpreg.Get[[]description](response, describe)
	if err != nil {
		return err
	}
	members, err := mpreg.Get[[]member](response, peers)
	if err != nil {
		return err
	}
	return writeDescriptions(std.out, list, offerings(members))
}

func writeDescriptions(w io.Writer, list []description, offered []offering) error {
	var text bytes.Buffer
	for i, d := range list {
		if i > 0 {
			fmt.Fprintln(&text)
		}
		d.write(&text, nodesOf(d.offer, offered))
	}
	_, err := w.Write(text.Bytes())
	return err
}

// nodesOf returns who has an offer, as far as the node that answered knows.
func nodesOf(o offer, offered []offering) string {
	if strings.HasPrefix(o.Name, "mpreg.") || slices.Contains([]string{"echo", "echos", "list_peers"}, o.Name) {
		return "every node" // which none of them lists
	}
	for _, candidate := range offered {
		if candidate.compare(o) == 0 {
			return strings.Join(candidate.nodes, ",")
		}
	}
	return ""
}

// write writes the offer as it is called, its doc, and what else is known of it.
func (d *description) write(w *bytes.Buffer, nodes string) {
	fmt.Fprintf(w, "%s%s\n", printable(d.Name), printable(d.Signature))
	for line := range strings.Lines(d.Doc) {
		fmt.Fprintln(w, strings.TrimRight("  "+printable(strings.TrimRight(line, "\r\n")), " "))
	}
	var lines [][]string
	line := func(f field) {
		if f.kind == "" {
			return
		}
		cells := []string{strings.Repeat("  ", 1+f.depth) + printable(f.name), printable(f.kind)}
		if f.description != "" {
			cells = append(cells, printable(f.description))
		}
		lines = append(lines, cells)
	}
	line(field{name: "locs", kind: strings.Join(d.Locs, ",")})
	line(field{name: "nodes", kind: nodes})
	line(field{name: "idempotent", kind: map[bool]string{true: "yes", false: "no"}[d.Idempotent]})
	for _, f := range d.values() {
		line(f)
	}
	w.Write(aligned(lines))
}

// values describes the arguments and the result.
func (d *description) values() []field {
	var list []field
	add := func(name, of string, data json.RawMessage, note string) {
		s := parseSchema(data)
		list = append(list, field{0, name, of + s.String() + note, s.Description})
		list = append(list, s.fields(1)...)
	}
	for i, p := range d.Params {
		last, note := i == len(d.Params)-1, ""
		switch {
		case last && d.Variadic:
			note = ", any number of times"
		case last && given(d.Keywords):
			p, note = d.Keywords, ", or keyword arguments" // none of them is required
		}
		add("argument "+strconv.Itoa(i+1), "", p, note)
	}
	if given(d.Result) {
		add("result", map[bool]string{true: "stream of "}[d.Stream], d.Result, "")
	}
	return list
}

// given reports whether a schema is there: null says that there is no value.
func given(data json.RawMessage) bool { return len(data) > 0 && string(data) != "null" }
