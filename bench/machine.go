package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is what the machine's cores have done since it started, all processes
// together.
type machine struct{ busy, idle uint64 } // in ticks

// readMachine tells what /proc/stat does, if there is one.
func readMachine() (m machine, ok bool) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machine{}, false
	}
	return parseMachine(string(data))
}

// parseMachine reads the line of all cores: user, nice, system, idle, iowait, irq,
// softirq and steal. What follows those is counted in them already.
func parseMachine(stat string) (m machine, ok bool) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return machine{}, false
	}
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return machine{}, false
		}
		if i == 3 || i == 4 {
			m.idle += ticks
		} else {
			m.busy += ticks
		}
	}
	return m, true
}

// others returns the share of the cores, 0 to 1, that went to other processes since
// before, while this one used own of them.
func (m machine) others(before machine, own float64) float64 {
	busy, idle := float64(m.busy-before.busy), float64(m.idle-before.idle)
	if busy+idle == 0 {
		return 0
	}
	return min(max(busy/(busy+idle)-own, 0), 1)
}

// watchMachine returns a function that says how busy the machine was with other
// things since: who has to share it should know. It returns "" where that is not
// known.
func watchMachine() func() string {
	before, ok := readMachine()
	start, cpu := time.Now(), cpuTime()+childTime()
	return func() string {
		now, still := readMachine()
		if !ok || !still {
			return ""
		}
		own := float64(cpuTime()+childTime()-cpu) / float64(time.Since(start)) / float64(runtime.NumCPU())
		return fmt.Sprintf("Other processes had %.0f %% of the machine's CPU time meanwhile, this one %.0f %%.\n",
			100*now.others(before, own), 100*own)
	}
}
