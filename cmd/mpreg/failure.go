package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mpreg/mpreg"
)

// callFailure is a call that ended with an error, and how to print it.
type callFailure struct {
	err    error
	target *target
	graph  bool // whether it was a request of, perhaps, several commands
}

func (f *callFailure) Error() string { return f.err.Error() }

func (f *callFailure) Unwrap() error { return f.err }

// status is the exit status of a command that ended with it.
func (f *callFailure) status() int {
	e, ok := errors.AsType[*mpreg.Error](f.err)
	switch {
	case !ok || e.Executed != mpreg.ExecutedNo:
		return exitFailed
	case e.Code == mpreg.InvalidArgument && e.Node == "": // no node has seen it
		return exitUsage
	case !f.nothingExecuted(e):
		return exitFailed
	}
	return exitNotExecuted
}

// nothingExecuted reports whether surely no function has run. Of a request of
// several commands, others may have before the one that was refused, unless the
// request itself is wrong: its error names no function, as one has that an
// authorizer refused with the same code.
func (f *callFailure) nothingExecuted(e *mpreg.Error) bool {
	wrong := e.Code == mpreg.InvalidRequest && e.Function == ""
	return e.Executed == mpreg.ExecutedNo && (!f.graph || e.Command == "" || wrong)
}

// write tells the error for who has to act on it: as JSON for a program, else
// a line for the eye and what is known beneath it.
func (f *callFailure) write(w io.Writer) {
	e, ok := errors.AsType[*mpreg.Error](f.err)
	if !ok {
		e = &mpreg.Error{Code: mpreg.Internal, Message: f.err.Error()}
	}
	if f.target.Output == "json" {
		f.writeJSON(w, e)
		return
	}
	var text bytes.Buffer
	line := func(head, value string) {
		for i, part := range strings.Split(strings.TrimRight(value, "\r\n"), "\n") {
			if i > 0 { // what others say must not look like a line of ours
				head = strings.Repeat(" ", len(head))
			}
			fmt.Fprintln(&text, strings.TrimRight(head+printable(strings.TrimRight(part, "\r")), " "))
		}
	}
	line("error: ", e.Message)
	fact := func(name, value string) {
		if value != "" {
			line(fmt.Sprintf("  %-9s ", printable(name)), value)
		}
	}
	fact("code", fmt.Sprintf("%s (%d)", e.Code.String(), int(e.Code)))
	if e.Command != e.Function {
		fact("command", e.Command)
	}
	fact("function", e.Function)
	fact("node", e.Node)
	fact("executed", e.Executed.String())
	for _, key := range slices.Sorted(maps.Keys(e.Details)) {
		fact(key, detail(e.Details[key]))
	}
	fact("hint", f.hint(e))
	_, _ = w.Write(text.Bytes()) // nowhere is left to tell of a failure
}

// detail returns a string as it is and anything else as JSON.
func detail(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}

// writeJSON tells the error as it stands on the wire, with the code's name
// and the hint beside it.
func (f *callFailure) writeJSON(w io.Writer, e *mpreg.Error) {
	type body struct {
		Code    int            `json:"code"`
		Name    string         `json:"name"`
		Message string         `json:"message"`
		Details map[string]any `json:"details"`
		Hint    string         `json:"hint,omitempty"`
	}
	details := map[string]any{"executed": e.Executed.String()}
	for key, value := range map[string]string{"command": e.Command, "function": e.Function, "node": e.Node} {
		if value != "" {
			details[key] = value
		}
	}
	maps.Copy(details, e.Details)
	failure := body{Code: int(e.Code), Name: e.Code.String(), Message: e.Message, Details: details, Hint: f.hint(e)}
	if err := encoder(w).Encode(map[string]body{"error": failure}); err != nil {
		fmt.Fprintf(w, "mpreg: printing the error %q: %v\n", e.Message, err)
	}
}

func encoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// warn tells of what does not keep the command from going on.
func (t *target) warn(w io.Writer, text string) {
	if t.Output == "json" {
		_ = encoder(w).Encode(map[string]string{"warning": text}) // nowhere is left to tell of a failure
		return
	}
	fmt.Fprintf(w, "mpreg: %s\n", text)
}
