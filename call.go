package mpreg

import (
	"context"
	"fmt"
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

// Bind sets *stub to a function that calls fn through c, so that it can be
// called as if it was here:
//
//	var add func(context.Context, int, int) (int, error)
//	err := mpreg.Bind(c, "add", &add)
//
// F is a func(context.Context, A...) (R, error) or func(context.Context, A...)
// error, variadic or not; anything else is an error. Whether the cluster offers
// a function that fits is seen when it is called.
func Bind[F any](c *Client, fn string, stub *F) error {
	t := reflect.TypeFor[F]()
	if t.Kind() != reflect.Func || t.NumIn() == 0 || t.In(0) != contextType ||
		t.NumOut() == 0 || t.NumOut() > 2 || t.Out(t.NumOut()-1) != errorType {
		return fmt.Errorf("mpreg: binding %q: want a func(context.Context, A...) ([R,] error), got %s", fn, t)
	}
	if stub == nil {
		return fmt.Errorf("mpreg: binding %q: the pointer to the function variable is nil", fn)
	}
	call := func(in []reflect.Value) []reflect.Value {
		ctx, _ := reflect.TypeAssert[context.Context](in[0])
		v, err := c.Call(ctx, fn, stubArgs(t, in[1:])...)
		out := make([]reflect.Value, t.NumOut())
		if t.NumOut() == 2 {
			result := reflect.New(t.Out(0))
			if err == nil {
				err = decodeResult(v, result.Interface(), fn, fn)
			}
			out[0] = result.Elem()
		}
		failure := reflect.New(errorType).Elem()
		if err != nil {
			failure.Set(reflect.ValueOf(err))
		}
		out[len(out)-1] = failure
		return out
	}
	reflect.ValueOf(stub).Elem().Set(reflect.MakeFunc(t, call))
	return nil
}

// stubArgs returns the arguments of a call through a stub; those of a variadic
// stub one by one.
func stubArgs(t reflect.Type, in []reflect.Value) []any {
	args := make([]any, 0, len(in))
	for i, v := range in {
		if t.IsVariadic() && i == len(in)-1 {
			for j := range v.Len() {
				args = append(args, v.Index(j).Interface())
			}
			continue
		}
		args = append(args, v.Interface())
	}
	return args
}
