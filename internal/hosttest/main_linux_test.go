package hosttest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the main function of the small programs that the tests start
// on the hosts: a relay in a gateway has to be a process in there.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		fmt.Fprintln(os.Stderr, play(role, os.Args[1], os.Stdin, os.Stdout))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		if directory, err := binaries(); err == nil {
			os.RemoveAll(directory)
		}
		os.Exit(status)
	}))
}

// binaries returns the directory of what the tests build.
var binaries = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "mpreg-hosttest-") })

// mpregBinary builds the command line, once for all tests. It is built without
// the race detector, also where the tests have it: its nodes are watched for
// what they say, and the time of two cores is needed for many of them.
var mpregBinary = sync.OnceValues(func() (string, error) {
	directory, err := binaries()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(directory, "mpreg")
	// No version control stamp: git may not want to read this clone.
	build := exec.Command("go", "build", "-race=false", "-buildvcs=false", "-o", binary, "github.com/mpreg/mpreg/cmd/mpreg")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})
