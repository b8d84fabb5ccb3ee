package mpreg

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
)

// Function is a Go function prepared for being called with encoded arguments.
// It is made by [Func], or by Register from the Go function itself. It may be
// registered several times, under several names and locs.
type Function struct {
	fn       reflect.Value
	params   []reflect.Type // without the context; the last is []T of a variadic T
	result   reflect.Type   // nil: none
	context  bool
	failing  bool // its last result is an error
	variadic bool
	keywords *keywordParam // nil: takes none
	checks   []check       // per parameter; nil: nothing to validate

	doc           string
	idempotent    bool
	maxConcurrent int64
	running       atomic.Int64
	frames        sync.Pool // of *frame
	err           error     // why it can't be registered
}

// FuncOption sets a property of a [Function].
type FuncOption func(*Function)

// Doc describes the function to its callers, in mpreg.describe.
func Doc(text string) FuncOption { return func(f *Function) { f.doc = text } }

// Idempotent says that running the function twice does no harm: a call that may
// have started can then be tried again.
func Idempotent() FuncOption { return func(f *Function) { f.idempotent = true } }

// MaxConcurrent bounds the calls of the function that run at a time on this
// node; a further one is refused at once with [ResourceExhausted]. n < 1 means
// no bound, as is the default.
func MaxConcurrent(n int) FuncOption {
	return func(f *Function) { f.maxConcurrent = int64(n) }
}

// Func prepares fn for Register, with options. fn is a func([ctx,] A...) ([R,]
// [error]), variadic or not; what is wrong with it is told by Register.
func Func(fn any, opts ...FuncOption) *Function {
	f := &Function{}
	for _, opt := range opts {
		opt(f)
	}
	f.err = f.compile(fn)
	return f
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
	valueType   = reflect.TypeFor[Value]()
)

// compile learns all that can be known of fn before a call.
func (f *Function) compile(fn any) error {
	f.fn = reflect.ValueOf(fn)
	if fn == nil || f.fn.Kind() != reflect.Func {
		return fmt.Errorf("want a function, got %T", fn)
	}
	if f.fn.IsNil() {
		return errors.New("the function is nil")
	}
	t := f.fn.Type()
	f.variadic = t.IsVariadic()
	for i := range t.NumIn() {
		in := t.In(i)
		if i == 0 && in == contextType {
			f.context = true
			continue
		}
		if err := carriable(in, toDecode); err != nil {
			return fmt.Errorf("parameter %d of %s: %w", i, t, err)
		}
		f.params = append(f.params, in)
	}
	if err := f.compileResults(t); err != nil {
		return err
	}
	if n := len(f.params); n > 0 && !f.variadic {
		f.keywords = newKeywordParam(f.params[n-1])
	}
	f.frames.New = func() any { return f.newFrame() }
	var err error
	f.checks, err = newChecks(f.params)
	return err
}

func (f *Function) compileResults(t reflect.Type) error {
	results := make([]reflect.Type, t.NumOut())
	for i := range results {
		results[i] = t.Out(i)
	}
	if n := len(results); n > 0 && results[n-1] == errorType {
		f.failing = true
		results = results[:n-1]
	}
	switch len(results) {
	case 0:
		return nil
	case 1:
		f.result = results[0]
		if f.result.Implements(errorType) {
			return fmt.Errorf("%s returns a %s: declare it as error, or it would be sent as a result", t, f.result)
		}
		if err := carriable(f.result, toEncode); err != nil {
			return fmt.Errorf("result of %s: %w", t, err)
		}
		return nil
	default:
		return fmt.Errorf("%s has %d results: a function may have one, and an error; return a struct", t, len(results))
	}
}

// String returns the function's Go signature without its name and context.
func (f *Function) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range f.params {
		if i > 0 {
			b.WriteString(", ")
		}
		if f.variadic && i == len(f.params)-1 {
			b.WriteString("..." + typeName(p.Elem()))
			continue
		}
		b.WriteString(typeName(p))
	}
	b.WriteByte(')')
	if f.result != nil {
		b.WriteString(" " + typeName(f.result))
	}
	return b.String()
}

// typeName is how people write a type.
func typeName(t reflect.Type) string { return strings.ReplaceAll(t.String(), "interface {}", "any") }

// frame holds the arguments of one call. Frames are reused: what a function
// keeps of its arguments was allocated for it alone, by decoding into the
// zeroed frame, and reflect copies the rest into the call.
type frame struct {
	args   []reflect.Value // for Call, settable, one a parameter
	ptrs   []any           // pointers to params, for decoding
	params []reflect.Value // args without the context
	ctx    *context.Context
}

func (f *Function) newFrame() *frame {
	fr := &frame{}
	if f.context {
		ctx := reflect.New(contextType)
		fr.ctx, _ = reflect.TypeAssert[*context.Context](ctx)
		fr.args = append(fr.args, ctx.Elem())
	}
	for _, p := range f.params {
		ptr := reflect.New(p)
		fr.args = append(fr.args, ptr.Elem())
		fr.ptrs = append(fr.ptrs, ptr.Interface())
	}
	fr.params = fr.args[len(fr.args)-len(f.params):]
	return fr
}

func (f *Function) release(fr *frame) {
	for _, arg := range fr.args {
		arg.SetZero()
	}
	f.frames.Put(fr)
}

// enter takes one of the places that MaxConcurrent gives.
func (f *Function) enter() error {
	if n := f.running.Add(1); f.maxConcurrent > 0 && n > f.maxConcurrent {
		f.running.Add(-1)
		e := newError(ResourceExhausted, ExecutedNo,
			"the node runs %d calls of this function already, which is its bound: try again, or elsewhere", f.maxConcurrent)
		e.Details = map[string]any{"limit": "max_concurrent", "max": f.maxConcurrent}
		return e
	}
	return nil
}

func (f *Function) leave() { f.running.Add(-1) }

// call runs the function with the arguments in fr. A panic, or a function that
// ends its goroutine, is a *panicError.
func (f *Function) call(ctx context.Context, fr *frame) (result reflect.Value, err error) {
	if fr.ctx != nil {
		*fr.ctx = ctx
	}
	ended := false
	defer func() {
		if ended {
			return
		}
		err = newPanicError(recover())
	}()
	var out []reflect.Value
	if f.variadic {
		out = f.fn.CallSlice(fr.args)
	} else {
		out = f.fn.Call(fr.args)
	}
	ended = true
	if f.failing {
		// A nil error is a nil interface value.
		if e, _ := reflect.TypeAssert[error](out[len(out)-1]); e != nil {
			return reflect.Value{}, e
		}
	}
	if f.result == nil {
		return reflect.Value{}, nil
	}
	return out[0], nil
}
