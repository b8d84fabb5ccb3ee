package main

import (
	"encoding/json"
	"strings"
	"time"
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
