package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine says what the figures were measured on.
func machine(now time.Time) string {
	cpu := ""
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, after, ok := strings.Cut(string(info), "model name"); ok {
			cpu, _, _ = strings.Cut(after, "\n")
			cpu = ", " + strings.TrimLeft(cpu, " \t:")
		}
	}
	return fmt.Sprintf("%s, %s %s/%s, %d cores%s", now.Format(time.DateOnly),
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), cpu)
}
