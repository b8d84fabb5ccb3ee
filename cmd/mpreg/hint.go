package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/mpreg/mpreg"
)

// momentary are the limits, by their names in an error's details, that others'
// calls fill: a call that hit one may well fit in a moment later. One that is
// too large by itself never does.
var momentary = []any{"in_flight", "in_flight_per_link", "in_flight_bytes", "calls_per_link", "max_concurrent", "large_frames"}

// hint says what to do next, where that is not plain from the message and is
// sure to help.
func (f *callFailure) hint(e *mpreg.Error) string {
	if e.Executed == mpreg.ExecutedNo {
		return f.refusalHint(e)
	}
	switch {
	case e.Code == mpreg.NotFound && e.Function == "mpreg.describe":
		return f.notFoundHint()
	case e.Code == mpreg.DeadlineExceeded:
		return f.timeoutHint(e)
	case e.Code == mpreg.Internal && e.Node != "" && e.Details["cause"] == nil: // else it is another's
		return fmt.Sprintf("the log of node %s has the details", e.Node)
	}
	return ""
}

// refusalHint is hint for what surely did not run. The same code from a
// function that ran is about its own doings, which are not known here.
func (f *callFailure) refusalHint(e *mpreg.Error) string {
	_, isReference := e.Details["reference"] // to a result, which is what does not fit
	switch e.Code {
	case mpreg.NotFound:
		return f.notFoundHint()
	case mpreg.InvalidArgument:
		if e.Node == "" { // no node has seen it: what is wrong is the URL
			return "--url or MPREG_URL names the node, --token or MPREG_TOKEN the token"
		}
		if !isReference {
			return f.target.commandLine("describe", e.Function) + " shows its signature"
		}
	case mpreg.DeadlineExceeded:
		return f.timeoutHint(e)
	case mpreg.Internal:
		if e.Node != "" {
			return fmt.Sprintf("the log of node %s has the details", e.Node)
		}
	case mpreg.Unauthenticated:
		if f.target.Token == "" {
			return "give a token with --token or MPREG_TOKEN"
		}
		return "is the token of --token or MPREG_TOKEN the right one?"
	case mpreg.Unavailable:
		return f.unavailableHint(e)
	case mpreg.ResourceExhausted:
		if slices.Contains(momentary, e.Details["limit"]) {
			return f.repeatHint(e)
		}
	}
	return ""
}

// notFoundHint is for a function that is not there, or a node.
func (f *callFailure) notFoundHint() string {
	if f.target.Node != "" {
		return f.target.commandLine("peers") + " lists the nodes, and what each of them offers"
	}
	return f.target.commandLine("functions") + " lists what the cluster offers, with locs"
}

func (f *callFailure) timeoutHint(e *mpreg.Error) string {
	if _, foreign := e.Details["cause"]; foreign || f.target.Timeout == 0 {
		return "" // the time that was over is not ours to give
	}
	return "give it more time with --timeout"
}

func (f *callFailure) unavailableHint(e *mpreg.Error) string {
	_, untrusted := errors.AsType[x509.UnknownAuthorityError](f.err)
	_, plain := errors.AsType[tls.RecordHeaderError](f.err)
	switch {
	case unreachable(f.err):
		return "is a node listening at " + f.target.URL + "? --url or MPREG_URL names another"
	case untrusted:
		return "--ca or MPREG_CA names a file with the CA to trust"
	case plain:
		return "a node without TLS has a URL that begins with ws://"
	case e.Node != "":
		return f.repeatHint(e)
	}
	return ""
}

// repeatHint is for a refusal that does not last.
func (f *callFailure) repeatHint(e *mpreg.Error) string {
	if !f.nothingExecuted(e) {
		return ""
	}
	return "nothing was executed: it is safe to try again"
}

// commandLine returns another command for the same cluster: with the flags that
// stand for what the environment does not say.
func (t *target) commandLine(command string, args ...string) string {
	line := []string{"mpreg", command}
	if t.URL != cmp.Or(os.Getenv("MPREG_URL"), defaultURL()) {
		line = append(line, "--url", t.URL)
	}
	if t.Token != os.Getenv("MPREG_TOKEN") {
		line = append(line, "--token", "TOKEN") // what is secret is not for logs
	}
	if t.CA != os.Getenv("MPREG_CA") {
		line = append(line, "--ca", t.CA)
	}
	line = append(line, args...)
	for i, word := range line {
		line[i] = quoted(word)
	}
	return strings.Join(line, " ")
}

// quoted returns a word as one types it in a shell: it may come from another
// machine, and people copy it.
func quoted(word string) string {
	harmless := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./:,+@%", r)
	}
	if word != "" && strings.TrimFunc(word, harmless) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
