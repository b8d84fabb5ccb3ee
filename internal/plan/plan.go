// Package plan turns a request into a graph: which command uses the results
// of which others, whether that can be run at all, in what order, and what a
// command's arguments are once the results are there.
//
// It is pure: no I/O, no goroutine, no clock. Whoever executes a request asks
// a [Progress] what may start, calls [Plan.Resolve] for the arguments, and
// reports what has ended. Everything but sorting takes time and memory linear
// in the size of the request, whatever its shape, because requests come from
// strangers.
//
// # References
//
// In names mode a JSON string that equals another command's name, at any
// depth in the arguments and in the values of keyword arguments, stands for
// that command's result; "name.field.0" for a part of it, where the longest
// command name that fits wins. A command's own name is data. Strings in other
// codecs are data too: the mode is for clients that know nothing but JSON.
//
// In explicit mode strings are data, and each command says in Refs which of
// its places are replaced by what.
//
// Either way a result is put in place once and never searched for references
// itself.
//
// # Leases
//
// A result may have stayed at the node that made it. An argument that takes
// some of it can't be built here: [Plan.Resolve] says what goes where, and
// [Splice] does it, by the same rules, at the node that runs the command and
// has fetched what it needs.
package plan

import (
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// MaxReferences bounds the references of one request, each counted together
// with the keys and indexes of its path. A reference takes four bytes in a
// message and a hundred in a [Plan]: without a bound a message of 64 MiB
// would grow to gigabytes.
const MaxReferences = 1 << 18

// Keys of a refusal's details, besides those of package wire.
const (
	DetailCycle      = "cycle"      // []string: each command uses the next, the last uses the first
	DetailDuplicates = "duplicates" // []string: the names given more than once
	DetailPlace      = "place"      // the pointer of the place concerned
	DetailReference  = "reference"  // the command that the place refers to
	DetailPath       = "path"       // []string: the part of its result
)

// Mode says how a request names the results that its commands use. The zero
// Mode is Names.
type Mode uint8

// The two modes.
const (
	Names    Mode = iota // strings that equal a command's name
	Explicit             // wire.Command.Refs, and nothing else
)

// Plan is a request that can be run: no name is ambiguous, no reference
// unknown, no cycle. Its fields are read-only, except for MaxValue before the
// first Resolve; a Plan is then safe for concurrent use.
type Plan struct {
	// Steps has one entry a command, in the order of declaration: all the
	// indexes in this package are indexes of commands.
	Steps []Step
	// Levels is the number of levels: one more than the highest.
	Levels int
	// Results are the commands whose results are answered: those that no
	// other uses, and those asked for. Ascending, each once.
	Results []int
	// MaxValue bounds what Resolve builds for one step, in bytes: the arguments
	// that have results within them, taken together. 0 is no bound. Without
	// one, n commands that each use the one before twice build a value of 2ⁿ
	// bytes.
	MaxValue int

	cmds  []wire.Command
	mode  Mode
	roots []int
}

// Step is a command's place in the graph.
type Step struct {
	// Level is the length of the longest path from a command without inputs,
	// 0 for such a command itself.
	Level int
	// Inputs are the commands whose results this one waits for, and
	// Consumers those that wait for its own. Ascending, each once.
	Inputs, Consumers []int
	// Places are where results go: positional arguments before keywords, in
	// the order in which they stand there. An input may have none, where its
	// path is deeper than any value.
	Places []Place
}

// Place is where a result goes within a command's arguments.
type Place struct {
	Arg   int    // index in Args, -1 for a keyword argument
	Kwarg string // key in Kwargs, where Arg is -1
	// Span is the place within the argument's bytes. The zero Span is the
	// whole argument.
	Span codec.Span
	// Pointer is the RFC 6901 pointer that the request gave; "" in names
	// mode.
	Pointer string
	From    int      // the command whose result goes here
	Path    []string // the part of the result: object keys and array indexes; empty is all of it
}

// Whole reports whether the place is an argument as a whole.
func (pl *Place) Whole() bool { return pl.Span == codec.Span{} }

// New checks a request and orders it. wanted names commands whose results are
// answered besides those that no other command uses.
//
// A request that cannot be run is a *[wire.Error] with code 1004, or 1011
// above MaxReferences, whose message and details name the commands concerned;
// nothing of such a request may run. New does not check that the arguments
// are well-formed.
//
// The Plan keeps cmds, which must not change any more.
func New(cmds []wire.Command, mode Mode, wanted []string) (*Plan, error) {
	if len(cmds) == 0 {
		return nil, wire.Errorf(wire.InvalidRequest, "the request has no commands; give at least one")
	}
	if p := single(cmds, mode, wanted); p != nil {
		return p, nil
	}
	names, err := indexNames(cmds)
	if err != nil {
		return nil, err
	}
	f := finder{cmds: cmds, names: names, steps: make([]Step, len(cmds)), usedBy: make([]int, len(cmds))}
	for i := range cmds {
		if err := f.command(i, mode); err != nil {
			return nil, err
		}
	}
	p := &Plan{Steps: f.steps, cmds: f.cmds, mode: mode}
	p.connect()
	if err := p.order(); err != nil {
		return nil, err
	}
	if err := p.choose(names, wanted); err != nil {
		return nil, err
	}
	return p, nil
}

// single plans the commonest request, one command that refers to nothing, in
// one allocation and without a look at its arguments: there is no other
// command that they could name. It returns nil where New has to find out what
// is wrong.
func single(cmds []wire.Command, mode Mode, wanted []string) *Plan {
	if len(cmds) != 1 || cmds[0].Name == "" || len(cmds[0].Refs) > 0 {
		return nil
	}
	for _, name := range wanted {
		if name != cmds[0].Name {
			return nil
		}
	}
	return &Plan{Steps: oneStep[:], Levels: 1, Results: oneRoot[:], cmds: cmds, mode: mode, roots: oneRoot[:]}
}

// All plans of single have these, which nobody changes.
var (
	oneStep [1]Step
	oneRoot [1]int
)
