// Command mpreg starts a node, calls functions, runs call graphs, and tells what
// a cluster consists of.
//
// Exit status: 0 if all went well; 1 if a node failed, or a call whose function
// may have run; 2 if the command line, a file or the configuration is wrong; 3 if
// a call failed and surely nothing was executed; 128 and the signal's number if
// it was interrupted. A node that was told to stop and has drained ends with 0.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	go interrupt(signals, cancel, os.Exit) // as long as the process
	status := run(ctx, os.Args[1:], stdio{in: os.Stdin, out: shown(os.Stdout), err: shown(os.Stderr)})
	os.Exit(status)
}

// interrupt ends the work gently at the first signal and the process at the
// second: who asks twice does not want to wait for a drain.
func interrupt(signals <-chan os.Signal, cancel context.CancelCauseFunc, exit func(int)) {
	cancel(interrupted{<-signals})
	exit(interrupted{<-signals}.status())
}
