// Command mpreg starts a node, calls functions, runs call graphs, and tells what
// a cluster consists of.
//
// Exit status: 0 if all went well, 1 if the call or the node failed, 2 if the
// command line or the configuration is wrong.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go interrupt(signals, cancel, os.Exit) // as long as the process
	status := run(ctx, os.Args[1:], stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	cancel()
	os.Exit(status)
}

// interrupt ends the work gently at the first signal and the process at the
// second: who asks twice does not want to wait for a drain.
func interrupt(signals <-chan os.Signal, cancel context.CancelFunc, exit func(int)) {
	<-signals
	cancel()
	<-signals
	exit(exitFailed)
}
