package doctest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/mpreg/mpreg/internal/testkit"
)

// TestCommandLine runs what the README shows of the command line.
func TestCommandLine(t *testing.T) {
	block := read(t, "README.md").section(t, "From the command line").block(t, "sh")
	start, calls, ok := strings.Cut(block, "\n\n")
	if !ok || !strings.HasPrefix(start, "mpreg serve --port 6747 ") {
		t.Fatalf("does not begin with a node:\n%s", block)
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-race=false", "-buildvcs=false", "-o", bin, "./cmd/mpreg")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("MPREG_URL", node(t, filepath.Join(bin, "mpreg"), "serve", "--port", "0"))

	command := regexp.MustCompile(`(?ms)^(\w.*?)    # (.*?)$`)
	found := command.FindAllStringSubmatch(calls, -1)
	if len(found) == 0 {
		t.Fatalf("no commands with their results:\n%s", calls)
	}
	for _, match := range found {
		if got := run(t, "sh", "-c", match[1]); compact(t, got) != compact(t, match[2]) {
			t.Errorf("%s\nprints %s, the README says %s", match[1], got, match[2])
		}
	}
}

// node starts a node, and returns its URL.
func node(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, err := cmd.StdoutPipe()
	testkit.Must(t, err)
	testkit.Must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", cmd, err)
		}
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "ws://") {
		t.Fatalf("the first line of its output is %q, want its URL", lines.Text())
	}
	return lines.Text()
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return b.String()
}
