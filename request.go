package mpreg

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// Request is a call graph: commands whose arguments may be other commands'
// results. It is built by one goroutine; once built, [Client.Do] may be called
// with it any number of times, concurrently.
type Request struct {
	commands     []*Command
	refs         []*Ref // handed out by Field, so that placeholders can name them
	wanted       []*Command
	intermediate bool
	summary      bool
	parsed       *wire.Request // of ParseRequest; nil else

	id uint64 // among the requests of this process
}

// Command is one command of a [Request]. It, or its Field, may stand anywhere in
// an argument of another command of the request, and is replaced by its result.
type Command struct {
	request  *Request
	index    int
	name     string // empty: generated
	function string
	args     []any
	locs     []string
}

// Ref is a part of a command's result, made by [Command.Field].
type Ref struct {
	command *Command
	index   int // in its request's refs
	path    []string
}

var requestIDs atomic.Uint64

// NewRequest returns a request without commands.
func NewRequest() *Request { return &Request{id: requestIDs.Add(1)} }

// Add adds a command: a call of a function with arguments, among which [Kwargs]
// as the last are keyword arguments. Arguments are encoded when the request is
// done.
func (r *Request) Add(fn string, args ...any) *Command {
	c := &Command{request: r, index: len(r.commands), function: fn, args: args}
	r.commands = append(r.commands, c)
	return c
}

// Return asks for the results of these commands besides those of the leaves,
// which are the commands that no other refers to.
func (r *Request) Return(commands ...*Command) *Request {
	r.wanted = append(r.wanted, commands...)
	return r
}

// ReturnIntermediate asks for the results of all commands, level by level, in
// [Response.Levels]: for debugging.
func (r *Request) ReturnIntermediate() *Request {
	r.intermediate = true
	return r
}

// IncludeSummary asks for [Response.Summary].
func (r *Request) IncludeSummary() *Request {
	r.summary = true
	return r
}

// Named gives the command a name for errors, logs and results by name. Names are
// unique in a request; those of others are generated from their functions'.
func (c *Command) Named(name string) *Command {
	c.name = name
	return c
}

// At adds locs: the command runs on a node that offers its function with all of
// them.
func (c *Command) At(locs ...string) *Command {
	c.locs = append(c.locs, locs...)
	return c
}

// Field returns a reference to a part of the command's result: each step is the
// key of an object, or an index, as a string or an integer. A part that the
// result turns out not to have is an error of the command that refers to it.
func (c *Command) Field(path ...any) *Ref {
	ref := &Ref{command: c, index: len(c.request.refs), path: make([]string, len(path))}
	for i, step := range path {
		ref.path[i] = fmt.Sprint(step)
	}
	c.request.refs = append(c.request.refs, ref)
	return ref
}

// ParseRequest reads a request in the form that it has on the wire: an object
// with "cmds", and what else docs/PROTOCOL.md has for it. It is for tools that
// get a request from elsewhere; the results are in [Response.Results]. Commands
// can't be added to it. The error is an *[Error].
func ParseRequest(message []byte) (*Request, error) {
	parsed, err := wire.ParseRequest(message)
	if err != nil {
		e := asError(err)
		e.Executed = ExecutedNo
		return nil, e
	}
	r := NewRequest()
	r.parsed = parsed
	return r, nil
}

// encode returns the request for the wire, and its commands' names. locs are
// added to those of each command.
func (r *Request) encode(c codec.Codec, locs []string) (*wire.Request, []string, error) {
	if r.parsed != nil {
		return r.encodeParsed(locs)
	}
	names := r.names()
	out := &wire.Request{
		Refs:               wire.Explicit,
		Commands:           make([]wire.Command, len(r.commands)),
		ReturnIntermediate: r.intermediate,
		IncludeSummary:     r.summary,
	}
	for i, cmd := range r.commands {
		var err error
		if out.Commands[i], err = cmd.encode(c, names); err != nil {
			return nil, nil, asError(err).at(names[i], cmd.function, "")
		}
		out.Commands[i].Locs = slices.Concat(locs, cmd.locs)
	}
	for _, cmd := range r.wanted {
		if cmd == nil || cmd.request != r {
			return nil, nil, errForeign
		}
		out.Return = append(out.Return, names[cmd.index])
	}
	return out, names, nil
}

func (r *Request) encodeParsed(locs []string) (*wire.Request, []string, error) {
	if len(r.commands) > 0 {
		return nil, nil, newError(InvalidRequest, ExecutedNo, "commands can't be added to a request that was parsed")
	}
	out := *r.parsed
	out.ReturnIntermediate = out.ReturnIntermediate || r.intermediate
	out.IncludeSummary = out.IncludeSummary || r.summary
	out.Commands = slices.Clone(out.Commands)
	for i := range out.Commands {
		out.Commands[i].Locs = slices.Concat(locs, out.Commands[i].Locs)
	}
	return &out, nil, nil
}

// names returns the commands' names. Those that are generated are the
// function's, with a number from the second on, and keep clear of the given.
func (r *Request) names() []string {
	names := make([]string, len(r.commands))
	taken := make(map[string]bool, len(r.commands))
	for i, cmd := range r.commands {
		names[i] = cmd.name
		taken[cmd.name] = true
	}
	count := make(map[string]int)
	for i, cmd := range r.commands {
		for names[i] == "" {
			count[cmd.function]++
			name := cmd.function
			if n := count[cmd.function]; n > 1 {
				name += "-" + strconv.Itoa(n)
			}
			if !taken[name] {
				names[i], taken[name] = name, true
			}
		}
	}
	return names
}

var errForeign = newError(InvalidRequest, ExecutedNo, "a command of another request is referred to")
