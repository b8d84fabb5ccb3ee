package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/mpreg/mpreg"
)

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// stdio is where a command reads and writes, so that tests run it in-process.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// app is the command line.
type app struct {
	Serve   serveCommand   `cmd:"" help:"Start a node. The first line on standard output is its URL, once it is ready; logs go to standard error. SIGTERM drains it; a second signal ends it at once."`
	Call    callCommand    `cmd:"" help:"Call a function and print its result."`
	Run     runCommand     `cmd:"" help:"Run a request, a graph of commands, and print its results."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, std stdio) int {
	// Kong ends the process after it has printed a help text, before it looks
	// at the rest of the line.
	helped := false
	parser, err := kong.New(&app{},
		kong.Name("mpreg"),
		kong.Description("Nodes and calls of an mpreg cluster."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
		kong.Vars{"url": defaultURL(), "port": strconv.Itoa(mpreg.DefaultPort)},
	)
	if err != nil {
		return report(std.err, err)
	}
	line, err := parser.Parse(shieldNumbers(args))
	switch {
	case helped:
		return exitOK
	case err != nil:
		return report(std.err, usageError{err})
	default:
		return report(std.err, line.Run())
	}
}

// report prints what a command ended with, and returns the exit status.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if failure, ok := errors.AsType[*callFailure](err); ok {
		failure.write(w)
		return exitFailed
	}
	fmt.Fprintf(w, "mpreg: %s\n", strings.TrimPrefix(err.Error(), "mpreg: "))
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintln(w, "mpreg --help, or --help after a command, shows the usage")
		return exitUsage
	}
	return exitFailed
}

// usageError is what the user can repair without looking at the cluster.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// shield stands before an argument that must not be taken for a flag. The
// operating system ends arguments at a NUL, so none can begin with one.
const shield = "\x00"

// shieldNumbers lets "mpreg call add -1 2" pass -1 as an argument: kong takes
// whatever begins with a hyphen for flags, and no flag of ours is a number.
func shieldNumbers(args []string) []string {
	if len(args) == 0 || args[0] != "call" {
		return args
	}
	shielded := make([]string, len(args))
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") && json.Valid([]byte(arg)) {
			arg = shield + arg
		}
		shielded[i] = arg
	}
	return shielded
}

// unshield undoes shieldNumbers for one argument.
func unshield(arg string) string { return strings.TrimPrefix(arg, shield) }
