package mpreg

import (
	"context"
	"reflect"
)

// Call calls a function and decodes its result into a T. A result that does not
// fit is an *[Error] with [InvalidArgument] and [ExecutedYes].
func Call[T any](ctx context.Context, c *Client, fn string, args ...any) (T, error) {
	var out T
	v, err := c.Call(ctx, fn, args...)
	if err != nil {
		return out, err
	}
	err = decodeResult(v, &out, fn, fn)
	return out, err
}

// decodeResult decodes a command's result into what out points to.
func decodeResult(v Value, out any, command, function string) error {
	if err := v.Decode(out); err != nil {
		return newError(InvalidArgument, ExecutedYes, "the result does not fit %s: %w", reflect.TypeOf(out).Elem(), err).
			at(command, function, "")
	}
	return nil
}
