// Package hosttest tests clusters of several hosts. It has tests only.
//
// Each test builds a network of its own out of network namespaces: an Ethernet
// switch of two halves that a trunk joins, hosts with addresses of their own
// that are plugged into it, and hosts with private addresses behind gateways.
// On each host runs the mpreg binary, and what a node knows is asked on its
// host by the same command line that users have. What in-memory tests can't
// show is real here: a pulled cable answers nothing, not even with a reset; TCP
// repeats and backs off; an address may be one that nobody has; and a node may
// be one that nobody can dial.
//
// The networks have no way out, and the machine's own network is not touched:
// nothing that happens here can be seen on it.
//
// The tests need Linux, root, and ip of iproute2 with network namespaces, veth,
// bridge and policy routing in the kernel; no packet filter, no netem. Where
// something is missing they are skipped, and say on standard error what it is.
// go test shows this only with -v, as of every package that did not fail: with
// MPREG_TEST_HOSTS=require in the environment they fail instead.
//
// Namespaces are named mpreg-PID-TEST-HOST and removed when a test ends. Those
// of a run that was killed are removed by the next run, with their processes.
package hosttest
