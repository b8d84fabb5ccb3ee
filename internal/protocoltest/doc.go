// Package protocoltest speaks the protocols to a node, or to a client, byte by byte: it
// has tests only. They hold what docs/PROTOCOL.md says against what is on the wire.
//
// Who speaks is a socket of package testkit, which sends JSON messages as they are
// written in the test; a hand, which is a JSON worker; or a stranger, which sends frames
// in the role of a client, of a node that dials, or of one that is dialed, who is called
// an impostor.
//
//	go test ./internal/protocoltest                                  # all, as in CI
//	go test ./internal/protocoltest -run 'TestBadFrames/a_truncated' # one row of a table
//	go test ./internal/protocoltest -run '^$' -fuzz FuzzFrames       # until something breaks
//
// What is bad costs its sender an error, and nobody a link. So most tests end with a call
// that succeeds on the same link, and with the node's journal, where a stranger's faults
// are one line at most.
package protocoltest
