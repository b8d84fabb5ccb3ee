package main

import (
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/mpreg/mpreg"
)

// target is whom to call, how long to wait, and how to print what comes back.
type target struct {
	URL     string        `default:"${url}" env:"MPREG_URL" placeholder:"URL" help:"URL of a node; several, separated by commas, are tried in turn. [${default}, $$${env}]"`
	Timeout time.Duration `placeholder:"D" help:"Give up after this time, such as 1.5s. Default: wait."`
	Output  string        `short:"o" enum:"text,json" default:"text" placeholder:"FORMAT" help:"text: strings as they are, the rest indented; json: the result as it came, and errors as JSON. [${default}]"`
}

// defaultURL is where a node listens that was told nothing else.
func defaultURL() string { return "ws://127.0.0.1:" + strconv.Itoa(mpreg.DefaultPort) }

// Validate is called by kong once the flags are known.
func (t *target) Validate() error {
	if t.Timeout < 0 {
		return errors.New("--timeout must not be negative")
	}
	return nil
}

// dial returns a client of the target. It says nothing by itself: what matters
// comes back as a call's error.
func (t *target) dial() *mpreg.Client {
	return mpreg.NewClient(t.URL,
		mpreg.WithLogger(slog.New(slog.DiscardHandler)),
		mpreg.Timeout(t.Timeout),
	)
}

// failed returns the error that a call ended with, to be printed as the target
// asks for.
func (t *target) failed(err error) error {
	return &callFailure{err: err, url: t.URL, json: t.Output == "json"}
}
