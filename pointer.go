package mpreg

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// walkStrings calls f for each string in a JSON text that is a value, with its
// RFC 6901 pointer and its place in the text.
func walkStrings(data []byte, f func(pointer string, start, end int, s string) error) error {
	w := &stringWalk{dec: json.NewDecoder(bytes.NewReader(data)), data: data, f: f}
	w.dec.UseNumber()
	if err := w.value(""); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

type stringWalk struct {
	dec  *json.Decoder
	data []byte
	f    func(pointer string, start, end int, s string) error
}

// value walks the next value. It recurses as deep as the value nests, which the
// codec that wrote it has bounded.
func (w *stringWalk) value(pointer string) error {
	before := int(w.dec.InputOffset())
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case string:
		start := before + bytes.IndexByte(w.data[before:], '"')
		return w.f(pointer, start, int(w.dec.InputOffset()), token)
	case json.Delim:
		return w.members(pointer, token == '{')
	}
	return nil
}

func (w *stringWalk) members(pointer string, object bool) error {
	for i := 0; w.dec.More(); i++ {
		step := strconv.Itoa(i)
		if object {
			key, err := w.dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			step = pointerEscape.Replace(name)
		}
		if err := w.value(pointer + "/" + step); err != nil {
			return err
		}
	}
	_, err := w.dec.Token() // the closing delimiter
	return err
}
