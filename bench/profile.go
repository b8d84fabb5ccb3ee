package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profiled runs f and writes cpu.pprof and allocs.pprof of it into dir, unless dir
// is empty.
func profiled(dir string, f func() error) error {
	if dir == "" {
		return f()
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return fmt.Errorf("-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return closedBecause(fmt.Errorf("-profile: %w", err), cpu)
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, cpu.Close(), writeAllocs(filepath.Join(dir, "allocs.pprof")))
}

func writeAllocs(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("-profile: %w", err)
	}
	return closedBecause(pprof.Lookup("allocs").WriteTo(f, 0), f)
}
