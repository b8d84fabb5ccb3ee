package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// printValue writes a result and a newline: for JSON the bytes that came, for
// text a string as it is and anything else indented, numbers untouched.
func (t *target) printValue(w io.Writer, v mpreg.Value) error {
	data, err := asJSON(v)
	if err != nil {
		return t.failed(err)
	}
	if t.Output == "json" {
		return writeLine(w, data)
	}
	var s string
	if len(data) > 0 && data[0] == '"' && json.Unmarshal(data, &s) == nil {
		return writeLine(w, []byte(s))
	}
	return writeIndented(w, data)
}

// printResults writes the results of a request as one JSON object, sorted by
// the commands' names, each result as it came.
func (t *target) printResults(w io.Writer, results map[string]mpreg.Value) error {
	object := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(results)) {
		if i > 0 {
			object = append(object, ',')
		}
		key, err := codec.JSON{}.Append(object, name)
		if err != nil {
			return t.failed(err)
		}
		data, err := asJSON(results[name])
		if err != nil {
			return t.failed(err)
		}
		object = append(append(key, ':'), data...)
	}
	object = append(object, '}')
	if t.Output == "json" {
		return writeLine(w, object)
	}
	return writeIndented(w, object)
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
