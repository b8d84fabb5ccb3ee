// Package doctest holds README.md, CONTRIBUTING.md and docs to what they say. It has
// tests only: the code that they show is compiled and run, in Go, Python, JavaScript
// and the shell; links lead somewhere; names, variables and options exist.
//
// Where there is no Python with websockets, or no Node with a WebSocket, what is
// written in it is skipped: with MPREG_TEST_PYTHON=require and MPREG_TEST_NODE=require
// in the environment the tests fail instead.
package doctest
