// Package pythontest tests the JSON protocol with programs that are not written in
// Go, and know nothing of this library but docs/PROTOCOL.md. It has tests only.
//
// The programs are Python scripts in testdata: one that calls, and one that works.
// They run on a websocket of the websockets package, where a Python has that, and
// on one of the standard library alone, of some sixty lines: two clients that
// differ in how they frame what they send. Where there is no python3 the tests are
// skipped, and where none has websockets half of them is missing: with
// MPREG_TEST_PYTHON=require in the environment they fail instead.
package pythontest
