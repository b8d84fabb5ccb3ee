package hosttest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// namespaces is where ip keeps the names of network namespaces.
const namespaces = "/var/run/netns/"

// ip runs lines of ip's batch language in a namespace, "" for the machine's own.
// The first that fails ends it.
func ip(namespace string, lines ...string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-netns", namespace}, args...)
	}
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s\nin namespace %q:\n%s", err, out, namespace, strings.Join(lines, "\n"))
	}
	return nil
}

// require skips the test where networks can't be built, and says so loudly.
func require(t *testing.T) {
	t.Helper()
	err := possible()
	switch {
	case err == nil:
	case os.Getenv("MPREG_TEST_HOSTS") == "require":
		t.Fatalf("networks can't be built here, and MPREG_TEST_HOSTS=require wants them: %v", err)
	default:
		t.Skipf("SKIPPED, no cluster of several hosts is tested: %v", err)
	}
}

// possible reports what is missing, by trying all that the tests need.
var possible = sync.OnceValue(func() error {
	err := try()
	if err != nil {
		fmt.Fprintf(os.Stderr, "internal/hosttest: SKIPPED, no cluster of several hosts is tested: %v\n", err)
	}
	return err
})

func try() error {
	if _, err := exec.LookPath("ip"); err != nil {
		return fmt.Errorf("ip is missing, install iproute2: %w", err)
	}
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Errorf("only root may make network namespaces, this is user %d", uid)
	}
	sweep()
	probe := prefix() + "probe"
	if err := ip("", "netns add "+probe); err != nil {
		return fmt.Errorf("this root may not make network namespaces: %w", err)
	}
	defer remove(probe)
	if err := ip(probe,
		"link add name a type veth peer name b",
		"link add name bridge type bridge",
		"link set dev a master bridge up",
		"rule add iif b lookup 100",
		"route add local 192.0.2.0/24 dev lo table 100",
	); err != nil {
		return fmt.Errorf("the kernel lacks veth, bridge or policy routing: %w", err)
	}
	if out, err := exec.Command("ip", "netns", "exec", probe, "true").CombinedOutput(); err != nil {
		return fmt.Errorf("no process can be started in a namespace: %w: %s", err, out)
	}
	return nil
}

// prefix begins the names of this run's namespaces.
func prefix() string { return fmt.Sprintf("mpreg-%d-", os.Getpid()) }

// sweep removes what runs left behind that were killed. A namespace that bears
// this process's id is of a run that had it before.
func sweep() {
	left, _ := filepath.Glob(namespaces + "mpreg-*") // the pattern is well formed
	for _, file := range left {
		name := filepath.Base(file)
		pid, err := strconv.Atoi(strings.Split(name, "-")[1])
		if err != nil || pid != os.Getpid() && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		remove(name)
	}
}

// remove removes a namespace, and first what runs in there. Another run may
// sweep at the same time: that something is gone already is no failure.
func remove(name string) {
	out, err := exec.Command("ip", "netns", "pids", name).Output()
	if err != nil {
		return
	}
	for field := range strings.FieldsSeq(string(out)) {
		if pid, err := strconv.Atoi(field); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = ip("", "netns delete "+name)
}
