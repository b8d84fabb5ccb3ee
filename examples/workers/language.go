package main

import (
	"context"
	_ "embed"
	"os/exec"
)

//go:embed worker.js
var nodeWorker string

//go:embed worker.py
var pythonWorker string

// language is what a worker is written in.
type language struct {
	name   string
	offers string // the function of its worker

	// command returns what runs the worker, but for the URL; skipped if nothing
	// here does.
	command func(context.Context) ([]string, error)
}

var languages = []language{
	{"Node", "list", nodeCommand},
	{"Python", "survey", pythonCommand},
}

// skipped is why a worker can't run here.
type skipped string

func (s skipped) Error() string { return string(s) }

// nodeCommand prefers Node's own websocket to that of a package.
func nodeCommand(ctx context.Context) ([]string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, skipped("there is no node on the PATH")
	}
	const probe = `if (typeof WebSocket !== "function") require("ws")` // fails if there is none
	for _, flags := range [][]string{nil, {"--experimental-websocket"}} {
		args := append([]string{node}, flags...)
		if runs(ctx, append(args, "-e", probe)) {
			return append(args, "--no-warnings", "-e", nodeWorker), nil
		}
	}
	return nil, skipped("this Node has no WebSocket: take Node 22, or npm install ws")
}

// pythonCommand looks at the system's Python first: that is where packages of the
// distribution are.
func pythonCommand(ctx context.Context) ([]string, error) {
	why := skipped("there is no python3 on the PATH")
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		python, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if runs(ctx, []string{python, "-c", "import websockets"}) {
			return []string{python, "-c", pythonWorker}, nil
		}
		why = "no python3 here has websockets: install python3-websockets, or pip install websockets"
	}
	return nil, why
}

// runs reports whether a program ends well.
func runs(ctx context.Context, args []string) bool {
	return exec.CommandContext(ctx, args[0], args[1:]...).Run() == nil //nolint:gosec // the interpreters, with probes from above
}
