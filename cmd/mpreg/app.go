package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/mpreg/mpreg"
)

// stdio is where a command reads and writes, so that tests run it in-process.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// app is the command line.
type app struct {
	Serve     serveCommand     `cmd:"" help:"Start a node. The first line on standard output is its URL, once it is ready; logs go to standard error. SIGTERM or SIGINT drains it; a second one ends it at once."`
	Call      callCommand      `cmd:"" help:"Call a function, and print its result."`
	Run       runCommand       `cmd:"" help:"Run a request of several commands that use each other's results, and print the results."`
	Peers     peersCommand     `cmd:"" help:"List the nodes of the cluster; the one that answers comes first, with a *."`
	Functions functionsCommand `cmd:"" help:"List the functions of the cluster, besides those that every node has."`
	Describe  describeCommand  `cmd:"" help:"Show how a function is called, and which nodes offer it."`
	Status    statusCommand    `cmd:"" help:"Show the condition of one node: that of --url or --node."`
	Version   versionCommand   `cmd:"" help:"Print the version; --version does so too."`
}

// Help shows what the commands have in common.
func (*app) Help() string {
	return `Results are printed to standard output, errors and logs to standard error.

Exit status:

  0    all went well; a node that was told to stop has drained
  1    the call failed, and its function may have run; or the node failed
  2    the command line, a file or the configuration is wrong
  3    the call failed, and surely nothing was executed
  130  interrupted by SIGINT (SIGTERM: 143, SIGHUP: 129)`
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, std stdio) int {
	line, err := parse(ctx, args, std)
	if line != nil {
		err = line.Run()
	}
	report(std.err, err)
	return exitStatus(ctx, err)
}

// parse reads a command line. It returns none if it asked for help, which is
// printed then.
func parse(ctx context.Context, args []string, std stdio) (*kong.Context, error) {
	// Kong ends the process after it has printed a help text, before it looks
	// at the rest of the line.
	helped := false
	parser, err := kong.New(&app{},
		kong.Name("mpreg"),
		kong.Description("Start a node of an mpreg cluster, call the cluster's functions, and see what it consists of."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
		kong.KindMapper(reflect.String, kong.MapperFunc(unshieldedString)),
		kong.Vars{"url": defaultURL(), "port": strconv.Itoa(mpreg.DefaultPort)},
	)
	if err != nil {
		return nil, err
	}
	line, err := parser.Parse(shieldNumbers(commandFor(args)))
	switch {
	case helped:
		return nil, nil
	case err != nil:
		return nil, usageError{err}
	}
	return line, nil
}

// commandFor takes what people try first for what it stands for: --version for
// the command, and help for the flag.
func commandFor(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "--version":
		return append([]string{"version"}, args[1:]...)
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

// report prints what a command ended with that did not go well.
func report(w io.Writer, err error) {
	if err == nil {
		return
	}
	if failure, ok := errors.AsType[*callFailure](err); ok {
		failure.write(w)
		return
	}
	fmt.Fprintf(w, "mpreg: %s\n", strings.TrimPrefix(unshield(err.Error()), "mpreg: "))
	if _, ok := errors.AsType[*kong.ParseError](err); ok {
		fmt.Fprintln(w, "mpreg --help, or --help after a command, shows the usage")
	}
}
