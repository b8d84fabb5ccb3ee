package mpreg

import (
	"context"
	"reflect"
)

// streamItem returns the type of the items if t is that of a stream: what
// [iter.Seq2] with an error as its second is, whatever its name.
func streamItem(t reflect.Type) (item reflect.Type, ok bool) {
	if t.Kind() != reflect.Func || !t.CanSeq2() || marshalsItself(t, toEncode) {
		return nil, false
	}
	yield := t.In(0)
	if yield.In(1) != errorType || yield.Out(0) != reflect.TypeFor[bool]() {
		return nil, false
	}
	return yield.In(0), true
}

// sequence is the iteration of one call of a function that returns a stream.
type sequence struct {
	ctx  context.Context
	call *callContext

	// busy is full while somebody is in yield, who waits there for room until ctx ends
	// at the latest, and others for that: a channel, as no lock is held over sending. A
	// function that yields from several goroutines has its items taken one by one, and
	// the call ends after the last. Whoever fills it has what follows; when the
	// iteration has ended, that is whoever ran it.
	busy  chan struct{}
	items itemList // all of them, if the caller wants them as a whole
	err   error    // why it came to an end before its function did
	over  bool     // nothing is taken any more
}

// iterate runs a stream to its end. Its items go to the caller one by one, and
// the result is null; or the result is a list of them, for a caller that did not
// ask for a stream.
func iterate(ctx context.Context, seq reflect.Value, call *callContext) (Value, error) {
	s := &sequence{ctx: ctx, call: call, busy: make(chan struct{}, 1)}
	s.items.codec, s.items.most = call.exec.codec, call.exec.node.config.MaxMessageBytes
	var err error
	if !seq.IsNil() {
		err = s.run(seq)
	}
	switch {
	case err != nil: // a panic is to be known of, whatever came before it
		return Value{}, handlerError(ctx, err)
	case s.err != nil:
		return Value{}, s.err
	case ctx.Err() != nil:
		// Many an iteration ends quietly when its context does: a part must not
		// pass for the whole.
		return Value{}, endError(ctx, ExecutedYes)
	case call.emit != nil:
		return Value{}, nil
	default:
		return s.whole()
	}
}

// run calls the iteration. A panic, or one that ends its goroutine, is a
// *panicError.
func (s *sequence) run(seq reflect.Value) (err error) {
	ended := false
	defer s.end()
	defer caught(&ended, &err)
	seq.Call([]reflect.Value{reflect.MakeFunc(seq.Type().In(0), s.yield)})
	ended = true
	return nil
}

// end has a yield that the function has kept take nothing any more.
func (s *sequence) end() {
	s.busy <- struct{}{}
	s.over = true
	<-s.busy
}

// What yield returns.
var wantMore, wantNoMore = []reflect.Value{reflect.ValueOf(true)}, []reflect.Value{reflect.ValueOf(false)}

// yield is what the iteration calls with an item and an error.
func (s *sequence) yield(pair []reflect.Value) []reflect.Value {
	s.busy <- struct{}{}
	defer func() { <-s.busy }()
	if s.over {
		return wantNoMore
	}
	if s.err = s.take(pair[0], pair[1]); s.err != nil {
		s.over = true
		return wantNoMore
	}
	return wantMore
}

// take gives an item to who wants it, or says why there are no more.
func (s *sequence) take(item, failure reflect.Value) error {
	if e, _ := reflect.TypeAssert[error](failure); e != nil {
		return handlerError(s.ctx, e)
	}
	if s.ctx.Err() != nil {
		return endError(s.ctx, ExecutedYes)
	}
	v, err := s.encode(item)
	if err != nil {
		return handlerError(s.ctx, err)
	}
	if s.call.emit == nil {
		return s.items.add(v)
	}
	s.call.emitted.Add(1)
	return s.call.emit(s.ctx, v)
}

// encode encodes an item. A panic of the item's own encoding must not become the
// iteration's, which might recover from it and leave the item out.
func (s *sequence) encode(item reflect.Value) (v Value, err error) {
	ended := false
	defer caught(&ended, &err)
	v, err = encodeResult(s.call, item.Interface())
	if err == nil && s.call.emit == nil {
		if v, err = v.In(s.items.codec); err != nil {
			err = newError(Internal, ExecutedYes, "an item can't be part of the list that is the result: %v", err)
		}
	}
	ended = true
	return v, err
}

// whole returns the list of all items.
func (s *sequence) whole() (Value, error) {
	v, err := s.items.value()
	if err != nil {
		return Value{}, newError(Internal, ExecutedYes, "the result can't be encoded: %v", err)
	}
	return v, nil
}
