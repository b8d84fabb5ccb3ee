package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/mpreg/mpreg"
)

const (
	// callTimeout bounds what a route waits for the functions that it calls.
	callTimeout = 5 * time.Second

	// maxBody bounds the JSON of an order, in bytes.
	maxBody = 64 << 10
)

// api is the service's HTTP face. It calls the same functions as others do by
// websocket, through the node's own client: without a connection, and wherever
// in the cluster they are.
type api struct {
	client *mpreg.Client
	log    *slog.Logger
}

// health tells a load balancer whether to send anybody here: from the moment
// when the node begins to drain the status is 503.
func (a *api) health(w http.ResponseWriter, r *http.Request) {
	status, err := mpreg.Call[mpreg.Status](r.Context(), a.client, "mpreg.status")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, map[string]string{"node": status.Node, "state": status.State})
}

// placeOrder leaves it to the node to decode the order and to check it, as it
// does for orders that come by websocket.
func (a *api) placeOrder(w http.ResponseWriter, r *http.Request) {
	order, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	receipt, err := a.client.Call(r.Context(), "orders.place", json.RawMessage(order))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusCreated, receipt)
}

func (a *api) listOrders(w http.ResponseWriter, r *http.Request) {
	receipts, err := a.client.Call(r.Context(), "orders.list")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, receipts)
}

func (a *api) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.DebugContext(r.Context(), "answer not sent", "path", r.URL.Path, "err", err)
	}
}

// fail answers with the status that an error calls for. What the customer can't
// help goes to the log in full, and they get to know the status alone.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody waits for an answer any more
	}
	status := httpStatus(err)
	message := http.StatusText(status)
	if status >= http.StatusInternalServerError {
		a.log.WarnContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "status", status, "err", err)
	} else if e, ok := errors.AsType[*mpreg.Error](err); ok {
		message = e.Message
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	a.answer(w, r, status, map[string]string{"error": message})
}

func httpStatus(err error) int {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	switch {
	case errors.Is(err, unknownProduct):
		return http.StatusNotFound
	case errors.Is(err, mpreg.InvalidArgument):
		return http.StatusBadRequest
	case errors.Is(err, mpreg.ResourceExhausted), errors.Is(err, mpreg.Unavailable):
		return http.StatusServiceUnavailable
	case errors.Is(err, mpreg.DeadlineExceeded):
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}
