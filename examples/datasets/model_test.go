package main

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The coefficients are those of the literature: Weisberg, Applied Linear
// Regression, for Forbes' data; 454 km/s and Mpc is what Hubble's table gives.
func TestModels(t *testing.T) {
	for _, test := range []struct {
		model            *Model
		rows             int
		intercept, slope float64
	}{
		{newModel("forbes-1857", forbes1857), 17, -81.06373, 0.52289},
		{newModel("hubble-1929", hubble1929), 24, -40.78365, 454.15844},
	} {
		m := test.model
		if len(m.rows) != test.rows || !near(m.intercept, test.intercept) || !near(m.slope, test.slope) {
			t.Errorf("%s: %d rows, y = %f + %f x; want %d rows, y = %f + %f x",
				m.name, len(m.rows), m.intercept, m.slope, test.rows, test.intercept, test.slope)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 5e-6 }

// Of points on a line the model is this line.
func TestNewModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := Model{
			intercept: float64(rapid.IntRange(-100, 100).Draw(t, "intercept")),
			slope:     float64(rapid.IntRange(-100, 100).Draw(t, "slope")),
		}
		var rows []row
		for _, x := range rapid.SliceOfNDistinct(rapid.IntRange(-100, 100), 2, 20, rapid.ID[int]).Draw(t, "x") {
			rows = append(rows, row{float64(x), line.at(float64(x))})
		}
		m := newModel("line", rows)
		if math.Abs(m.intercept-line.intercept) > 1e-6 || math.Abs(m.slope-line.slope) > 1e-6 {
			t.Fatalf("y = %g + %g x, want y = %g + %g x", m.intercept, m.slope, line.intercept, line.slope)
		}
	})
}
