package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/mpreg/mpreg"
)

// tour shows both faces of a service that runs: orders that came in by HTTP are
// seen by websocket, and the other way round.
func tour(ctx context.Context, stdout io.Writer, s *service) error {
	web := &visitor{base: "http://" + s.listener.Addr().String(), stdout: stdout}
	defer web.client.CloseIdleConnections()
	node := mpreg.NewClient(s.node.URL())
	defer node.Close()

	if err := web.ask(ctx, http.MethodGet, "/health", ""); err != nil {
		return err
	}
	for _, order := range []string{
		`{"product":"tea","quantity":3}`,
		`{"product":"tea","quantity":0}`,
		`{"product":"gold","quantity":1}`,
	} {
		if err := web.ask(ctx, http.MethodPost, "/orders", order); err != nil {
			return err
		}
	}

	receipt, err := mpreg.Call[Receipt](ctx, node, "orders.place", Order{Product: "coffee", Quantity: 2})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "orders.place by websocket: number %d, %d %s, %d cents\n",
		receipt.ID, receipt.Quantity, receipt.Product, receipt.Cents)
	_, err = node.Call(ctx, "orders.place", Order{Product: "gold", Quantity: 1})
	fmt.Fprintf(stdout, "orders.place by websocket: %v\n", err)

	if err := web.ask(ctx, http.MethodGet, "/orders", ""); err != nil {
		return err
	}
	return web.ask(ctx, http.MethodGet, "/mpreg", "")
}

// visitor asks routes and prints what they answer.
type visitor struct {
	base   string
	stdout io.Writer
	client http.Client
}

func (v *visitor) ask(ctx context.Context, method, path, body string) error {
	r, err := http.NewRequestWithContext(ctx, method, v.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if body != "" {
		path += " " + body
	}
	fmt.Fprintf(v.stdout, "%s %s: %d %s\n", method, path, resp.StatusCode, strings.TrimSpace(string(answer)))
	return nil
}
