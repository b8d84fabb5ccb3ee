package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mpreg/mpreg"
)

// noWords is a code of this program's own: those from 2000 on are free.
const noWords mpreg.Code = 2001

// longest is an ordinary Go function. Its caller gets the error, code and all.
func longest(words []string) (string, error) {
	if len(words) == 0 {
		return "", mpreg.Errorf(noWords, "of no words none is the longest")
	}
	return slices.MaxFunc(words, func(a, b string) int { return cmp.Compare(len(a), len(b)) }), nil
}

// shoutOptions are keyword arguments, as they are the last parameter of shout.
// They are checked before it runs.
type shoutOptions struct {
	Marks int `json:"marks" validate:"gte=0,lte=3"`
}

func shout(s string, o shoutOptions) string {
	return strings.ToUpper(s) + strings.Repeat("!", o.Marks)
}

// start returns a node that serves the functions on a free port of 127.0.0.1,
// until stop lets it finish what runs and waits for its end.
func start(ctx context.Context) (node *mpreg.Server, stop func() error, err error) {
	node, err = mpreg.NewServer(mpreg.Config{Name: "quickstart"})
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- node.Serve(ctx) }()
	stop = func() error {
		cancel()
		return <-served
	}

	err = errors.Join(
		node.Register("words", strings.Fields), // a function need not be your own
		node.Register("longest", longest),
		node.Register("shout", shout),
		node.Ready(ctx))
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return node, stop, nil
}
