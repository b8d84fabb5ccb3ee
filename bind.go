package mpreg

import (
	"context"
	"fmt"
	"reflect"
)

// Bind sets *stub to a function that calls fn through c, so that it can be
// called as if it was here:
//
//	var add func(context.Context, int, int) (int, error)
//	err := mpreg.Bind(c, "add", &add)
//
// F is a func(context.Context, A...) (R, error) or func(context.Context, A...)
// error, or, for a function that returns a stream, a func(context.Context, A...)
// iter.Seq2[R, error], which behaves as [Stream] does; each may be variadic.
// Anything else is an error. Whether the cluster offers a function that fits is
// seen when it is called.
func Bind[F any](c *Client, fn string, stub *F) error {
	t := reflect.TypeFor[F]()
	call := stubOf(t)
	if call == nil {
		return fmt.Errorf("mpreg: binding %q: want a func(context.Context, A...) ([R,] error) or a func(context.Context, A...) iter.Seq2[R, error], got %s", fn, t)
	}
	if stub == nil {
		return fmt.Errorf("mpreg: binding %q: the pointer to the function variable is nil", fn)
	}
	reflect.ValueOf(stub).Elem().Set(reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
		ctx, _ := reflect.TypeAssert[context.Context](in[0])
		return call(ctx, c, fn, t, stubArgs(t, in[1:]))
	}))
	return nil
}

// stub makes the call of a bound function of type t, and returns its results.
type stub func(ctx context.Context, c *Client, fn string, t reflect.Type, args []any) []reflect.Value

// stubOf returns what a function of type t does; nil if it can't be bound.
func stubOf(t reflect.Type) stub {
	if t.Kind() != reflect.Func || t.NumIn() == 0 || t.In(0) != contextType {
		return nil
	}
	switch n := t.NumOut(); {
	case n == 1 && isSequence(t.Out(0)):
		return streamStub
	case (n == 1 || n == 2) && t.Out(n-1) == errorType:
		return callStub
	}
	return nil
}

// isSequence reports whether t is an iter.Seq2[R, error].
func isSequence(t reflect.Type) bool {
	if !t.CanSeq2() || t.Kind() != reflect.Func {
		return false
	}
	return t.In(0).In(1) == errorType
}

func callStub(ctx context.Context, c *Client, fn string, t reflect.Type, args []any) []reflect.Value {
	v, err := c.Call(ctx, fn, args...)
	out := make([]reflect.Value, t.NumOut())
	if t.NumOut() == 2 {
		result := reflect.New(t.Out(0))
		if err == nil {
			err = decodeResult(v, result.Interface(), fn, fn)
		}
		out[0] = result.Elem()
	}
	out[len(out)-1] = errorValue(err)
	return out
}

// streamStub returns a sequence, which makes the call when it is ranged over.
func streamStub(ctx context.Context, c *Client, fn string, t reflect.Type, args []any) []reflect.Value {
	sequence := t.Out(0)
	item := sequence.In(0).In(0)
	iterate := func(in []reflect.Value) []reflect.Value {
		yield := in[0]
		for v, err := range c.Stream(ctx, fn, args...) {
			result := reflect.New(item)
			if err == nil {
				err = decodeResult(v, result.Interface(), fn, fn)
			}
			if err != nil {
				result.Elem().SetZero()
			}
			if more := yield.Call([]reflect.Value{result.Elem(), errorValue(err)})[0].Bool(); !more || err != nil {
				break
			}
		}
		return nil
	}
	return []reflect.Value{reflect.MakeFunc(sequence, iterate)}
}

// errorValue returns err as a value of type error.
func errorValue(err error) reflect.Value {
	v := reflect.New(errorType).Elem()
	if err != nil {
		v.Set(reflect.ValueOf(err))
	}
	return v
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
