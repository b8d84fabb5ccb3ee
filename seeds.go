package mpreg

import (
	"context"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
)

// dnsScheme stands before the scheme of a peer's URL whose host name stands for
// all addresses that it resolves to: those of a headless service of Kubernetes.
const dnsScheme = "dns+"

// resolveEvery is how often the names of such URLs are looked up again,
// resolveSoon how often while that fails or nobody was found, and resolveTimeout
// how long a lookup may take.
const (
	resolveEvery   = 30 * time.Second
	resolveSoon    = 2 * time.Second
	resolveTimeout = 5 * time.Second
)

// seeds are the configured peers: where a node finds the first others. It is
// guarded by the cluster's mu, but for what is set at the start.
type seeds struct {
	fixed    []string               // URLs
	names    []string               // URLs to be resolved, less dnsScheme
	resolved map[string][]string    // what names have led to
	hosts    map[string]string      // of a resolved URL, the one that it was made of
	outcomes map[string]seedOutcome // of the dials, by URL
	failures map[string]error       // of the lookups, by URL
}

// seedOutcome is how the last dial of a seed ended.
type seedOutcome struct {
	node string
	err  error
}

// startSeeds has the configured peers dialed, and their names resolved.
func (c *cluster) startSeeds() {
	c.mu.Lock()
	c.seeds = seeds{
		resolved: make(map[string][]string), hosts: make(map[string]string),
		outcomes: make(map[string]seedOutcome), failures: make(map[string]error),
	}
	for _, peer := range slices.Compact(slices.Sorted(slices.Values(c.self.config.Peers))) {
		if name, ok := strings.CutPrefix(peer, dnsScheme); ok {
			c.seeds.names = append(c.seeds.names, name)
		} else {
			c.seeds.fixed = append(c.seeds.fixed, peer)
		}
	}
	names, fixed := c.seeds.names, c.seeds.fixed
	c.mu.Unlock()
	c.step(func(m *gossip.Machine, now time.Duration) { m.SetSeeds(now, fixed) })
	if len(names) > 0 {
		c.running.Go(func() { c.resolve(names) })
	}
}

// resolve looks names up, again and again, until the node stops.
func (c *cluster) resolve(names []string) {
	ctx := c.self.dialing
	for {
		found := 0
		for _, name := range names {
			urls, err := c.lookUp(ctx, name)
			found += len(urls)
			c.step(func(m *gossip.Machine, now time.Duration) {
				if c.seeds.found(name, urls, err) {
					m.SetSeeds(now, c.seeds.all())
				}
			})
			if err != nil && ctx.Err() == nil && c.self.said.once("resolve "+name) {
				c.self.log.Warn("a peer's name is not found: it is tried again and again, and this is not logged anew", "url", dnsScheme+name, "err", err)
			}
		}
		wait := resolveEvery
		if found == 0 || c.linkless() {
			wait = resolveSoon
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// lookUp returns a URL for each address of the host of a URL.
func (c *cluster) lookUp(ctx context.Context, text string) ([]string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	lookup := c.self.options.lookup
	if lookup == nil {
		lookup = net.DefaultResolver.LookupHost
	}
	addresses, err := lookup(ctx, u.Hostname())
	if err != nil {
		return nil, err
	}
	var urls []string
	for _, address := range addresses {
		each := *u
		each.Host = hostPort(address, u.Port())
		urls = append(urls, each.String())
	}
	slices.Sort(urls)
	return slices.Compact(urls), nil
}

// hostPort is net.JoinHostPort where a port need not be there.
func hostPort(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// linkless reports whether no link leads to another node.
func (c *cluster) linkless() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		if m.best.Load() != nil {
			return false
		}
	}
	return true
}

// found takes in what a name was resolved to, and reports whether that changes
// anything. A lookup that failed changes nothing: what it led to before may still
// be there.
func (s *seeds) found(name string, urls []string, err error) bool {
	if err != nil {
		s.failures[name] = err
		return false
	}
	delete(s.failures, name)
	if slices.Equal(s.resolved[name], urls) {
		return false
	}
	before := s.resolved[name]
	s.resolved[name] = urls
	clear(s.hosts) // anew: names may share an address
	for _, n := range s.names {
		for _, u := range s.resolved[n] {
			s.hosts[u] = n
		}
	}
	for _, u := range before {
		if s.hosts[u] == "" && !slices.Contains(s.fixed, u) {
			delete(s.outcomes, u)
		}
	}
	return true
}

// all returns the URLs that are to be dialed.
func (s *seeds) all() []string {
	all := slices.Clone(s.fixed)
	for _, name := range s.names {
		all = append(all, s.resolved[name]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// dialed notes how a dial of a seed ended. An empty url is that of none.
func (s *seeds) dialed(url, node string, err error) {
	if url == "" {
		return
	}
	if _, ok := s.hosts[url]; ok || slices.Contains(s.fixed, url) {
		s.outcomes[url] = seedOutcome{node, err}
	}
}

func (s *seeds) list() []Seed {
	var list []Seed
	for _, u := range s.all() {
		o := s.outcomes[u]
		seed := Seed{URL: u, Node: o.node}
		if o.err != nil {
			seed.Error = o.err.Error()
		}
		list = append(list, seed)
	}
	for _, name := range slices.Sorted(maps.Keys(s.failures)) {
		list = append(list, Seed{URL: dnsScheme + name, Error: s.failures[name].Error()})
	}
	return list
}

// seedList returns the seeds, for people to read.
func (c *cluster) seedList() []Seed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seeds.list()
}

// target returns the URL to dial for one of a name's addresses, and a DialFunc
// that goes to that address: the name stays in the URL, because certificates and
// virtual hosts go by it.
func (c *cluster) target(address string) (string, DialFunc) {
	dial := c.self.options.dial
	c.mu.Lock()
	name, ok := c.seeds.hosts[address]
	c.mu.Unlock()
	if !ok {
		return address, dial
	}
	u, err := url.Parse(address)
	if err != nil {
		return address, dial
	}
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return name, func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return dial(ctx, network, net.JoinHostPort(u.Hostname(), port))
	}
}
