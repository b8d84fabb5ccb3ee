package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/mpreg/mpreg"
)

// survey is what worker.py finds out about words.
type survey struct {
	Mean    float64  `json:"mean"`
	Median  float64  `json:"median"`
	Longest []string `json:"longest"`
}

func report(longest string, mean float64) string {
	return fmt.Sprintf("the longest words are %s; the mean is %.1f letters", longest, mean)
}

// start returns a node that serves the functions of this program, until stop lets it
// finish what runs and waits for its end.
func start(ctx context.Context) (node *mpreg.Server, stop func() error, err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	node, err = mpreg.NewServer(mpreg.Config{Name: "go"}, mpreg.WithLogger(log))
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
		node.Register("words", strings.Fields),
		node.Register("report", report),
		node.Ready(ctx))
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return node, stop, nil
}
