package mpreg

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// Function is a Go function prepared for being called with encoded arguments.
// It is made by [Func], or by Register from the Go function itself. It may be
// registered several times, under several names and locs.
type Function struct {
	fn       reflect.Value
	params   []reflect.Type // without the context; the last is []T of a variadic T
	result   reflect.Type   // nil: none; of a stream that of its items
	stream   bool           // it returns an iteration
	context  bool
	failing  bool // its last result is an error
	variadic bool
	keywords *keywordParam // nil: takes none
	checks   []check       // per parameter; nil: nothing to validate

	// foreign runs it instead of fn, for a function of a worker; nil for one of Go.
	// It notes itself in call that it started, and has bounds of its own.
	foreign func(ctx context.Context, inv *Invocation, call *callContext) (Value, error)

	doc           string
	idempotent    bool
	maxConcurrent int       // as the options say
	maxQueued     int       // likewise
	turns         *turns    // nil: any number may run
	frames        sync.Pool // of *frame
	err           error     // why it can't be registered
}

// FuncOption sets a property of a [Function].
type FuncOption interface{ applyFunc(*Function) }

type funcOption func(*Function)

func (o funcOption) applyFunc(f *Function) { o(f) }

// Doc describes the function to its callers, in mpreg.describe. It has at most
// 1,048,576 characters.
func Doc(text string) FuncOption { return funcOption(func(f *Function) { f.doc = text }) }

// IdempotentOption is what [Idempotent] returns: it fits functions and calls.
type IdempotentOption struct{}

func (IdempotentOption) applyFunc(f *Function)        { f.idempotent = true }
func (IdempotentOption) applyCall(o *callOptions)     { o.idempotent = true }
func (IdempotentOption) applyClient(o *clientOptions) { o.call.idempotent = true }

// Idempotent says that running twice does no harm: a call that may have started
// can then be tried again. As an option of [Func] it speaks of a function, and the
// nodes try again; as a [CallOption] of the calls of a client, which then tries
// again whole requests whose node is gone.
func Idempotent() IdempotentOption { return IdempotentOption{} }

// Func prepares fn for Register, with options. fn is a func([ctx,] A...) ([R,]
// [error]), variadic or not; what is wrong with it is told by Register.
//
// If R is an [iter.Seq2] of some T and error, or a type of its own of that shape,
// the function is a stream. Its items reach who calls it as a stream while it
// runs; others get a list of all. A pair whose error is not nil ends the stream,
// and is how the call fails. The iteration runs once, for one call; yield waits
// while the caller has items enough, and returns false once it is gone.
func Func(fn any, opts ...FuncOption) *Function {
	f := &Function{}
	for _, opt := range opts {
		if opt != nil {
			opt.applyFunc(f)
		}
	}
	f.turns = newTurns(f.maxConcurrent, f.maxQueued)
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
		if item, ok := streamItem(f.result); ok {
			f.result, f.stream = item, true
		}
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

// String returns the function's Go signature without its name and context. A
// stream is written as "(int) stream of string".
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
	if f.stream {
		b.WriteString(" stream of")
	}
	if f.result != nil {
		b.WriteString(" " + typeName(f.result))
	}
	return b.String()
}

// typeName is how people write a type. A Value is any value, to who calls.
func typeName(t reflect.Type) string {
	switch {
	case t == valueType:
		return "any"
	case t.Name() != "":
	case t.Kind() == reflect.Pointer:
		return "*" + typeName(t.Elem())
	case t.Kind() == reflect.Slice:
		return "[]" + typeName(t.Elem())
	case t.Kind() == reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), typeName(t.Elem()))
	case t.Kind() == reflect.Map:
		return "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	}
	return strings.ReplaceAll(t.String(), "interface {}", "any")
}

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

// call runs the function with the arguments in fr. A panic, or a function that
// ends its goroutine, is a *panicError.
func (f *Function) call(ctx context.Context, fr *frame) (result reflect.Value, err error) {
	if fr.ctx != nil {
		*fr.ctx = ctx
	}
	ended := false
	defer caught(&ended, &err)
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

// caught is deferred around what is not ours: what has not ended then has
// panicked, or has ended its goroutine.
func caught(ended *bool, err *error) {
	if !*ended {
		*err = newPanicError(recover())
	}
}
