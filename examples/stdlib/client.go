package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// ask has the packages served by o.nodes processes, sends one request to the
// first of them, and prints where the packages are, the answer, and where each
// command ran.
func ask(ctx context.Context, stdout io.Writer, o options) (err error) {
	ctx, nodes := newFleet(ctx)
	defer func() { err = errors.Join(err, nodes.end()) }()
	for _, share := range deal(packages, o.nodes) {
		p, err := nodes.start(ctx, share)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s, PID %d, %s: %s\n", p.name, p.pid(), p.url, strings.Join(share, ", "))
	}
	url := nodes.urls()[0]
	client := mpreg.NewClient(url, mpreg.WithLogger(newLog()))
	defer client.Close()
	if err := awaitOffers(ctx, client, packages); err != nil {
		return err
	}
	answer, ran, err := inquire(ctx, client, o.question, o.limit)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\n%s\nOne request to %s: %s", answer, url, ran)
	return err
}

// deal gives each of n hands every nth package.
func deal(packages []string, n int) [][]string {
	hands := make([][]string, n)
	for i, pkg := range packages {
		hands[i%n] = append(hands[i%n], pkg)
	}
	return hands
}

// inquire has a question answered by one request. It returns the answer, and what
// ran for it where.
func inquire(ctx context.Context, client *mpreg.Client, question string, limit int) (answer, ran string, err error) {
	q := newInquiry(question, packages, limit)
	resp, err := client.Do(ctx, q.request)
	if err != nil {
		return "", "", err
	}
	summary, err := mpreg.Get[Ran[string]](resp, q.summary.Command)
	if err != nil {
		return "", "", err
	}
	ran, err = q.execution(resp)
	return summary.Result, ran, err
}

const (
	// offersTimeout is far more than nodes take to tell each other what they
	// offer: if it passes, something is wrong that waiting does not cure.
	offersTimeout = 30 * time.Second
	pollInterval  = 10 * time.Millisecond
)

// awaitOffers waits until the node that the client asks knows who has each of
// the packages. Nodes tell each other once they are connected, shortly after
// they serve.
func awaitOffers(ctx context.Context, client *mpreg.Client, packages []string) error {
	ctx, cancel := context.WithTimeout(ctx, offersTimeout)
	defer cancel()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		members, err := mpreg.Call[[]mpreg.Member](ctx, client, "mpreg.peers")
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(packages), func(pkg string) bool {
			return offered(members, "stats", pkg) && offered(members, "search", pkg)
		})
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for nodes that offer %s: %w", strings.Join(missing, ", "), ctx.Err())
		}
	}
}

func offered(members []mpreg.Member, function, loc string) bool {
	return slices.ContainsFunc(members, func(m mpreg.Member) bool {
		return slices.ContainsFunc(m.Functions, func(f mpreg.FunctionInfo) bool {
			return f.Name == function && slices.Contains(f.Locs, loc)
		})
	})
}
