package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
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
	Serve     serveCommand     `cmd:"" help:"Start a node. The first line on standard output is its URL, once it is ready; logs go to standard error. SIGTERM drains it; a second signal ends it at once."`
	Call      callCommand      `cmd:"" help:"Call a function and print its result."`
	Run       runCommand       `cmd:"" help:"Run a request, a graph of commands, and print its results."`
	Peers     peersCommand     `cmd:"" help:"List the nodes of the cluster; the one that answers comes first, with a *."`
	Functions functionsCommand `cmd:"" help:"List what the cluster offers, besides the functions that every node has."`
	Describe  describeCommand  `cmd:"" help:"Tell how a function is called, and which nodes have it."`
	Status    statusCommand    `cmd:"" help:"Tell the condition of a node."`
	Version   versionCommand   `cmd:"" help:"Print the version; --version does so too."`
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
		kong.KindMapper(reflect.String, kong.MapperFunc(unshieldedString)),
		kong.Vars{"url": defaultURL(), "port": strconv.Itoa(mpreg.DefaultPort)},
	)
	if err != nil {
		return report(std.err, err)
	}
	line, err := parser.Parse(shieldNumbers(commandFor(args)))
	switch {
	case helped:
		return exitOK
	case err != nil:
		return report(std.err, usageError{err})
	default:
		return report(std.err, line.Run())
	}
}

// commandFor takes --version, which people try first, for the command.
func commandFor(args []string) []string {
	if len(args) > 0 && args[0] == "--version" {
		return append([]string{"version"}, args[1:]...)
	}
	return args
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
	fmt.Fprintf(w, "mpreg: %s\n", strings.TrimPrefix(unshield(err.Error()), "mpreg: "))
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintln(w, "mpreg --help, or --help after a command, shows the usage")
		return exitUsage
	}
	return exitFailed
}

// usageError is what the user can repair without looking at the cluster.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }
