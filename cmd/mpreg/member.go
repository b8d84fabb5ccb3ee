package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// member is a node as mpreg.peers tells of it. It is not [mpreg.Member]: the
// node may be older or newer than this command, and leave out fields or have
// others.
type member struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	State     string      `json:"state"`
	Since     time.Time   `json:"since"`
	URLs      []string    `json:"urls"`
	Resources []string    `json:"resources"`
	Functions []offer     `json:"functions"`
	Load      json.Number `json:"load"`
}

// offer is a function under a name with a set of locs.
type offer struct {
	Name      string   `json:"name"`
	Locs      []string `json:"locs"`
	Signature string   `json:"signature"`
}

// String returns the offer as one word, such as train[big,gpu].
func (o offer) String() string {
	if len(o.Locs) == 0 {
		return o.Name
	}
	return o.Name + "[" + strings.Join(o.Locs, ",") + "]"
}

// offers reports whether calls may still go there.
func (m *member) offers() bool { return m.State != "left" && m.State != "dead" }

// members asks the node for the members of its cluster.
func (t *target) members(ctx context.Context) ([]member, error) {
	request := mpreg.NewRequest()
	peers := request.Add("mpreg.peers")
	response, err := t.do(ctx, request, false)
	if err != nil {
		return nil, err
	}
	return mpreg.Get[[]member](response, peers)
}

// showJSON calls one of the functions that every node has and prints what it
// returned, indented, as it came: also what this command knows nothing of.
func (t *target) showJSON(ctx context.Context, w io.Writer, fun string, args ...any) error {
	request := mpreg.NewRequest()
	request.Add(fun, args...)
	response, err := t.do(ctx, request, false)
	if err != nil {
		return err
	}
	data, err := asJSON(response.Results[fun])
	if err != nil {
		return err
	}
	return writeIndented(w, data)
}
