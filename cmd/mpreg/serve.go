package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"

	"github.com/mpreg/mpreg"
)

// serveCommand's flags are pointers where the environment has a say: what was
// not given must not override it.
type serveCommand struct {
	Host        *string    `placeholder:"HOST" help:"Address to listen on; 127.0.0.1 unless MPREG_HOST says otherwise."`
	Port        *int       `placeholder:"PORT" help:"Port to listen on; 0 picks a free one. [${port}, $$MPREG_PORT]"`
	Name        *string    `placeholder:"NAME" help:"The node's name in logs, errors and listings. [$$MPREG_NAME]"`
	ClusterID   *string    `placeholder:"ID" help:"The cluster that the node belongs to. [$$MPREG_CLUSTER_ID]"`
	Resources   []string   `placeholder:"LOC" help:"Locs that every function of this node offers, separated by commas. [$$MPREG_RESOURCES]"`
	Peers       []string   `placeholder:"URL" help:"URLs of other nodes of the cluster, separated by commas; one suffices. dns+ws://name:port is every address of a name. [$$MPREG_PEERS]"`
	Advertise   []string   `xor:"reach" placeholder:"URL" help:"URLs by which others reach this node, the best first, separated by commas, instead of the one that it listens on. [$$MPREG_ADVERTISED_URLS]"`
	Unreachable *bool      `xor:"reach" help:"Others can't reach this node, as behind NAT: it is called over the links that it opened. [$$MPREG_UNREACHABLE]"`
	LogFormat   string     `enum:"text,json" default:"text" placeholder:"FORMAT" help:"How log lines are written: text or json. [${default}]"`
	LogLevel    slog.Level `default:"info" placeholder:"LEVEL" help:"The least level that is logged: debug, info, warn or error. [${default}]"`
}

// Help shows what the flags don't.
func (*serveCommand) Help() string {
	return `The node offers the functions that every node has, such as echo, and what workers in other languages connect to it to offer. Functions in Go are offered by programs that import the library.

Flags override the environment, to which a file .env in the current directory belongs.`
}

// Run serves until ctx ends and the drain is over.
func (c *serveCommand) Run(ctx context.Context, std stdio) error {
	cfg, err := c.config()
	if err != nil {
		return usageError{err}
	}
	server, err := mpreg.NewServer(cfg, mpreg.WithLogger(c.logger(std.err)))
	if err != nil {
		return usageError{errors.New(c.flagNames().Replace(err.Error()))}
	}
	// Else the first log line after the reader of the log has gone would kill the
	// node in the midst of its calls: Ctrl-C ends all of a pipeline.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		defer stop() // a node that could not start will not become ready
		ended <- server.Serve(ctx)
	}()
	if server.Ready(ctx) == nil {
		if _, err := fmt.Fprintln(std.out, server.URL()); err != nil {
			// Whoever started the node waits for this line and will not get it.
			stop()
			return errors.Join(fmt.Errorf("printing the node's URL: %w", err), <-ended)
		}
	}
	return <-ended
}

// config is what the environment says, overridden by the flags that were given.
func (c *serveCommand) config() (mpreg.Config, error) {
	cfg, err := mpreg.ConfigFromEnv()
	if err != nil {
		return mpreg.Config{}, err
	}
	override(&cfg.Host, c.Host)
	override(&cfg.Port, c.Port)
	override(&cfg.Name, c.Name)
	override(&cfg.ClusterID, c.ClusterID)
	if c.Resources != nil {
		cfg.Resources = c.Resources
	}
	if c.Peers != nil {
		cfg.Peers = c.Peers
	}
	override(&cfg.Unreachable, c.Unreachable)
	if c.Advertise != nil {
		cfg.AdvertisedURLs = c.Advertise
	}
	return cfg, nil
}

// flagNames puts the flags that were given in the place of what they override:
// whoever typed one looks for it in the message.
func (c *serveCommand) flagNames() *strings.Replacer {
	var pairs []string
	name := func(given bool, flag, field, variable string) {
		if given {
			pairs = append(pairs, "Config."+field, flag, ", in the environment "+variable, "")
		}
	}
	name(c.Host != nil, "--host", "Host", "MPREG_HOST")
	name(c.Port != nil, "--port", "Port", "MPREG_PORT")
	name(c.Name != nil, "--name", "Name", "MPREG_NAME")
	name(c.ClusterID != nil, "--cluster-id", "ClusterID", "MPREG_CLUSTER_ID")
	name(c.Resources != nil, "--resources", "Resources", "MPREG_RESOURCES")
	name(c.Peers != nil, "--peers", "Peers", "MPREG_PEERS")
	name(c.Advertise != nil, "--advertise", "AdvertisedURLs", "MPREG_ADVERTISED_URLS")
	name(c.Unreachable != nil, "--unreachable", "Unreachable", "MPREG_UNREACHABLE")
	return strings.NewReplacer(pairs...)
}

func override[T any](value, flag *T) {
	if flag != nil {
		*value = *flag
	}
}

func (c *serveCommand) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
