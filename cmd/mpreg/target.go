package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/mpreg/mpreg"
)

// target is whom to call, how long to wait, and how to print what comes back.
type target struct {
	URL     string  `default:"${url}" env:"MPREG_URL" placeholder:"URL" help:"URL of a node of the cluster; several, separated by commas, are tried in turn. [${default}, $$${env}]"`
	Node    string  `placeholder:"NODE" help:"Id or name of the node that must execute the call; --url is only how it is reached."`
	Token   string  `env:"MPREG_TOKEN" placeholder:"TOKEN" help:"Token to show to the node. Others on this machine can see a command line, but not the environment. [$$${env}]"`
	CA      string  `name:"ca" env:"MPREG_CA" placeholder:"FILE" help:"PEM file of the CAs to trust for wss://, instead of the system's. [$$${env}]"`
	Timeout timeout `placeholder:"TIME" help:"Give up after this time, such as 1.5s or 2m; 0 is never, but for a node that does not listen: that one is given 2s at most. [0]"`
	Output  string  `short:"o" enum:"text,json" default:"text" placeholder:"FORMAT" help:"text, to be read: strings without quotes, and lists and objects indented; or json, for programs: byte for byte what was returned, and errors as JSON. [${default}]"`
}

// defaultURL is where a node listens that was told nothing else.
func defaultURL() string { return "ws://127.0.0.1:" + strconv.Itoa(mpreg.DefaultPort) }

// timeout is how long a call may take; 0 is as long as it takes.
type timeout time.Duration

// UnmarshalText reads a time as [time.ParseDuration] does.
func (t *timeout) UnmarshalText(text []byte) error {
	value := unshield(string(text))
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		return fmt.Errorf("want a time such as 1.5s or 2m, got %q", value)
	case d < 0:
		return fmt.Errorf("want a time that is not negative, got %s", value)
	}
	*t = timeout(d)
	return nil
}

// failed returns the error that a call ended with, to be printed as the target
// asks for. graph tells whether it may have been of several commands.
func (t *target) failed(err error, graph bool) error {
	return &callFailure{err: err, target: t, graph: graph}
}

// client returns a client of the target. It says nothing by itself: what matters
// comes back as a call's error.
func (t *target) client() (*mpreg.Client, error) {
	opts := []mpreg.ClientOption{mpreg.WithLogger(slog.New(slog.DiscardHandler))}
	if t.Token != "" {
		opts = append(opts, mpreg.WithToken(t.Token))
	}
	if t.CA != "" {
		roots, err := readCA(t.CA)
		if err != nil {
			return nil, usageError{fmt.Errorf("--ca, in the environment MPREG_CA: %w", err)}
		}
		opts = append(opts, mpreg.WithTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	}
	if t.Node != "" {
		opts = append(opts, mpreg.OnNode(t.Node))
	}
	return mpreg.NewClient(t.URL, opts...), nil
}

// do runs a request and returns its results. graph is as for failed.
func (t *target) do(ctx context.Context, request *mpreg.Request, graph bool) (*mpreg.Response, error) {
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var response *mpreg.Response
	err = t.patiently(ctx, client, func(ctx context.Context) (err error) {
		response, err = client.Do(ctx, request)
		return err
	})
	if err != nil {
		return nil, t.failed(err, graph)
	}
	return response, nil
}

// ask calls one of the functions that every node has, without arguments.
func ask[T any](ctx context.Context, t *target, function string) (result T, err error) {
	request := mpreg.NewRequest()
	command := request.Add(function)
	response, err := t.do(ctx, request, false)
	if err != nil {
		return result, err
	}
	return mpreg.Get[T](response, command)
}

// showJSON calls one of the functions that every node has and prints what it
// returned, indented, as it came: also what this command knows nothing of.
func (t *target) showJSON(ctx context.Context, w io.Writer, fun string, args ...any) error {
	request := mpreg.NewRequest()
	request.Add(fun, args...)
	response, err := t.do(ctx, request, false)
	if err != nil {
		return err
	}
	data, err := asJSON(response.Results[fun])
	if err != nil {
		return err
	}
	return writeIndented(w, data)
}

func readCA(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, errors.New(file + " has no certificate in PEM form")
	}
	return roots, nil
}
