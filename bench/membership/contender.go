package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// contender is a way to keep a cluster's membership and catalogs. To add one is to
// write its file and to name it in contenders.
type contender struct {
	name string

	// helpers is how many goroutines a node has for the sake of being measured.
	helpers int

	// open returns a cluster of which no node runs yet.
	open func(*network, *board) cluster
}

// cluster is the nodes of a contender, one on each host of its network. What they
// learn of each other they write on the board.
type cluster interface {
	// start runs a node with its catalog, and returns when it is reachable and knows
	// whom to ask: the first seeds nodes, which run already. It returns the version
	// of the node's catalog.
	start(ctx context.Context, node int) (version uint64, err error)

	// offer adds a function to a node's catalog, and returns its new version.
	offer(node int, o offer) (version uint64, err error)

	// leave stops a node in order.
	leave(ctx context.Context, node int) error

	// kill releases a node whose host was killed before. It does not wait.
	kill(node int)

	// close ends all nodes, whose hosts were killed before, and waits for that.
	close() error
}

// seeds is how many nodes a node that starts is told of.
const seeds = 2

// contenders has mpreg first: it is compared with the others.
var contenders = []contender{mpregContender, memberlistContender}

// nodeName and nodeNumber translate between a node's number and its name.
func nodeName(node int) string { return "node-" + strconv.Itoa(node) }

func nodeNumber(name string) (int, error) {
	digits, ok := strings.CutPrefix(name, "node-")
	node, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return 0, fmt.Errorf("%q is the name of no node", name)
	}
	return node, nil
}
