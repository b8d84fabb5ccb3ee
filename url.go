package mpreg

import (
	"net"
	"slices"
)

// setURL settles where the node is: what it is configured to advertise, or else
// urls.
func (s *Server) setURL(urls ...string) {
	if len(s.config.AdvertisedURLs) > 0 {
		urls = slices.Clone(s.config.AdvertisedURLs)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url, s.urls = urls[0], urls
}

// advertised returns the URLs by which other nodes reach this one; none if they
// can't.
func (s *Server) advertised() []string {
	if s.config.Unreachable {
		return []string{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.urls)
}

// maxHostURLs bounds the addresses that a node advertises of its own accord: one
// with many container networks has dozens that lead nowhere from elsewhere.
const maxHostURLs = 8

// urlsOf returns the URLs of what is listened on. That is all of the host's
// addresses if it is none in particular: those that others can have a use for,
// or loopback ones if there are no others.
func urlsOf(scheme string, listens net.Addr) []string {
	one := []string{scheme + "://" + listens.String()}
	host, port, err := net.SplitHostPort(listens.String())
	if err != nil {
		return one
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
		return one
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return one
	}
	var urls []string
	for _, a := range addresses {
		network, ok := a.(*net.IPNet)
		if !ok || !network.IP.IsGlobalUnicast() {
			continue
		}
		if network.IP.To4() == nil && net.ParseIP(host).To4() != nil {
			continue // it listens on IPv4 only
		}
		urls = append(urls, scheme+"://"+net.JoinHostPort(network.IP.String(), port))
	}
	if len(urls) == 0 {
		return []string{scheme + "://" + net.JoinHostPort("127.0.0.1", port)}
	}
	return urls[:min(len(urls), maxHostURLs)]
}
