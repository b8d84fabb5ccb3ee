//go:build !linux

package hosttest_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// TestHosts is here so that the package does not look tested where it is not.
func TestHosts(t *testing.T) {
	why := "network namespaces are Linux's, this is " + runtime.GOOS
	fmt.Fprintln(os.Stderr, "internal/hosttest: SKIPPED, no cluster of several hosts is tested: "+why)
	if os.Getenv("MPREG_TEST_HOSTS") == "require" {
		t.Fatal(why)
	}
	t.Skip(why)
}
