package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

var memberlistContender = contender{name: "memberlist", helpers: transportHelpers, open: openMemberlist}

// memberlistCluster is hashicorp/memberlist as its users run it on a LAN.
type memberlistCluster struct {
	network *network
	board   *board
	nodes   []memberlistNode
	ending  sync.WaitGroup // nodes that were killed
}

type memberlistNode struct {
	list     *memberlist.Memberlist // nil before it is started and after it is stopped
	delegate *delegate
	address  string
}

func openMemberlist(n *network, b *board) cluster {
	return &memberlistCluster{network: n, board: b, nodes: make([]memberlistNode, b.size)}
}

// start implements cluster.
func (c *memberlistCluster) start(_ context.Context, node int) (uint64, error) {
	t, err := newTransport(c.network.hosts[node])
	if err != nil {
		return 0, fmt.Errorf("memberlist %d: %w", node, err)
	}
	var list atomic.Pointer[memberlist.Memberlist]
	members := func() int {
		if l := list.Load(); l != nil {
			return l.NumMembers()
		}
		return 1
	}
	cfg := memberlist.DefaultLANConfig()
	d := newDelegate(node, c.board, cfg.RetransmitMult, members)
	cfg.Name, cfg.Transport, cfg.LogOutput = nodeName(node), t, io.Discard
	cfg.Delegate, cfg.Events = d, d
	l, err := memberlist.Create(cfg)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("memberlist %d: %w", node, err), t.Shutdown())
	}
	list.Store(l)
	var known []string
	for _, seed := range c.nodes[:min(seeds, node)] {
		known = append(known, seed.address)
	}
	c.nodes[node] = memberlistNode{l, d, l.LocalNode().Address()}
	if _, err := l.Join(known); err != nil {
		return 0, fmt.Errorf("memberlist %d: %w", node, err)
	}
	return 1, nil
}

// offer implements cluster.
func (c *memberlistCluster) offer(node int, o offer) (uint64, error) {
	return c.nodes[node].delegate.offer(o), nil
}

// leave implements cluster.
func (c *memberlistCluster) leave(_ context.Context, node int) error {
	l := c.nodes[node].list
	c.nodes[node].list = nil
	return errors.Join(l.Leave(10*time.Second), l.Shutdown())
}

// kill implements cluster.
func (c *memberlistCluster) kill(node int) {
	if l := c.nodes[node].list; l != nil {
		c.nodes[node].list = nil
		c.ending.Go(func() { _ = l.Shutdown() }) // its transport is gone already
	}
}

// close implements cluster.
func (c *memberlistCluster) close() error {
	for i := range c.nodes {
		c.kill(i)
	}
	c.ending.Wait()
	return nil
}
