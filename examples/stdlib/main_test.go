package main

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// asProgram, if it is in the environment, makes the test binary the program: the
// processes that tests start, and those that these start.
const asProgram = "MPREG_STDLIB_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	err := errors.Join(
		os.Setenv(asProgram, "1"),
		// Under the race detector a process ends a second later than it could.
		os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	if err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		args string
		want options
	}{
		{"", options{limit: 10, nodes: 3, question: "deadline timeout"}},
		{"-n 5 verify certificate", options{limit: 5, nodes: 3, question: "verify certificate"}},
		{"-nodes 8 fold", options{limit: 10, nodes: 8, question: "fold"}},
		{
			"-node node-1 -peers= strings",
			options{limit: 10, nodes: 3, node: "node-1", packages: []string{"strings"}},
		},
		{
			"-node node-3 -peers ws://a,ws://b net os",
			options{limit: 10, nodes: 3, node: "node-3", peers: []string{"ws://a", "ws://b"}, packages: []string{"net", "os"}},
		},
	} {
		got, err := parse(strings.Fields(test.args))
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(options{})); diff != "" || err != nil {
			t.Errorf("%q: error %v (-want +got):\n%s", test.args, err, diff)
		}
	}
	for _, test := range []struct{ args, want string }{
		{"-n many", `invalid value "many"`},
		{"-n 0", "-n 0: ask for one hit at least"},
		{"-nodes 0", "-nodes 0: the 8 packages take 1 to 8 processes"},
		{"-nodes 9", "-nodes 9: the 8 packages take 1 to 8 processes"},
		{"-port 1", "flag provided but not defined: -port"},
	} {
		_, err := parse(strings.Fields(test.args))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !strings.HasSuffix(err.Error(), "\n"+usage) {
			t.Errorf("%q: error %v, want %s and the usage", test.args, err, test.want)
		}
	}
	if _, err := parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: error %v", err)
	}
}
