package main

import (
	"context"
	"fmt"
)

// Message is what all contenders echo. It is exported, and its fields are, for
// net/rpc and the codecs.
type Message struct {
	Name string
	N    int
	Data [100]byte
}

// newMessage returns the message of call n. Its bytes are spread over all values:
// with zeros, the codecs that write numbers as text or in as few bytes as they
// need would look better than they are.
func newMessage(n int) Message {
	m := Message{Name: "benchmark", N: n}
	for i := range m.Data {
		m.Data[i] = byte(i * 37)
	}
	return m
}

// echoed returns the operation that has a message sent and checks what comes
// back: a contender that loses or mixes up answers is not fast.
func echoed(echo func(context.Context, Message) (Message, error)) operation {
	return func(ctx context.Context) error {
		want := newMessage(42)
		got, err := echo(ctx, want)
		if err == nil && got != want {
			err = fmt.Errorf("the echo of %q, %d is %q, %d, or differs in its data", want.Name, want.N, got.Name, got.N)
		}
		return err
	}
}
