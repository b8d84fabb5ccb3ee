package main

import (
	"context"

	"github.com/mpreg/mpreg"
)

// Model is the straight line through the rows of a dataset, by least squares.
type Model struct {
	name             string // the dataset's, and the loc
	rows             []row
	intercept, slope float64
}

type row struct{ x, y float64 }

// Prediction is what the function predict returns.
type Prediction struct {
	Value float64 `json:"value"`
	Model string  `json:"model"`
	Node  string  `json:"node"` // that ran it
}

// newModel takes two rows at least, with two different x.
func newModel(name string, rows []row) *Model {
	var x, y float64 // the means
	for _, r := range rows {
		x += r.x / float64(len(rows))
		y += r.y / float64(len(rows))
	}
	var xx, xy float64
	for _, r := range rows {
		xx += (r.x - x) * (r.x - x)
		xy += (r.x - x) * (r.y - y)
	}
	slope := xy / xx
	return &Model{name: name, rows: rows, slope: slope, intercept: y - slope*x}
}

// at is the line's value at x.
func (m *Model) at(x float64) float64 { return m.intercept + m.slope*x }

// Predict is the function that a node with the dataset offers.
func (m *Model) Predict(ctx context.Context, x float64) Prediction {
	return Prediction{Value: m.at(x), Model: m.name, Node: mpreg.InfoFromContext(ctx).Node}
}
