//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime returns the CPU time of the process, in the kernel too.
func cpuTime() time.Duration { return cpuTimeOf(syscall.RUSAGE_SELF) }

// childTime returns that of the processes that it has started, once they have ended.
func childTime() time.Duration { return cpuTimeOf(syscall.RUSAGE_CHILDREN) }

func cpuTimeOf(who int) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(who, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
