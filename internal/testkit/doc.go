// Package testkit has what the tests of several packages need to run nodes: only
// tests import it.
//
// There are nodes that end with their test ([Serve], [Trio]), a network in memory for
// tests in a synctest bubble ([Network]), a websocket that knows nothing of this library
// ([Dial]), a logger that is held against what a person should see ([Journal]), and waits
// that can't last for ever ([Eventually], [Within]).
//
// What fails ends the test, by its testing.TB.
package testkit
