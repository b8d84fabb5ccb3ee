package main

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// printValue writes a result and a newline: for JSON the bytes that came, for
// text a string as it is and anything else indented, numbers untouched.
func (t *target) printValue(w io.Writer, v mpreg.Value) error {
	data, err := asJSON(v)
	if err != nil {
		return err
	}
	if t.Output == "json" {
		return writeLine(w, data)
	}
	if s, ok := asString(data); ok {
		return writeLine(w, []byte(s))
	}
	return writeIndented(w, data)
}

// printItem writes an item of a stream and a newline: a string in text as it is,
// and anything else on one line.
func (t *target) printItem(w io.Writer, v mpreg.Value) error {
	data, err := asJSON(v)
	if err != nil {
		return err
	}
	if s, ok := asString(data); ok && t.Output == "text" {
		return writeLine(w, []byte(s))
	}
	var line bytes.Buffer
	if err := json.Compact(&line, data); err != nil {
		return err
	}
	return writeLine(w, line.Bytes())
}

// asString returns what a JSON string stands for, and whether it is one.
func asString(data []byte) (s string, ok bool) {
	ok = len(data) > 0 && data[0] == '"' && json.Unmarshal(data, &s) == nil
	return s, ok
}

// asJSON returns the bytes of a value, converted only if a codec other than
// JSON made it.
func asJSON(v mpreg.Value) ([]byte, error) {
	v, err := v.In(codec.JSON{})
	return v.Bytes(), err
}

func writeIndented(w io.Writer, data []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return err
	}
	return writeLine(w, b.Bytes())
}

func writeLine(w io.Writer, data []byte) error {
	_, err := w.Write(append(slices.Clip(data), '\n'))
	return err
}
