package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// figure is a measured value.
type figure struct {
	value float64
	over  bool // it is more than value, and nobody waited for how much
}

// median returns the figure in the middle, and false if there are none.
func median(figures []figure) (figure, bool) {
	if len(figures) == 0 {
		return figure{}, false
	}
	sorted := slices.SortedFunc(slices.Values(figures), func(a, b figure) int {
		if a.over != b.over {
			return cmp.Compare(toInt(a.over), toInt(b.over))
		}
		return cmp.Compare(a.value, b.value)
	})
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	return figure{(low.value + high.value) / 2, high.over}, true
}

// none stands where there is no figure.
const none = "–"

// show prints a figure in a unit.
func (f figure) show(unit unit) string {
	if f.over {
		return "> " + unit(f.value)
	}
	return unit(f.value)
}

// ratio prints how many times base f is.
func (f figure) ratio(base figure) string {
	switch {
	case f.over || base.value == 0:
		return none
	case base.over:
		return "< " + ratio(f.value/base.value)
	}
	return ratio(f.value / base.value)
}

// unit prints a value.
type unit func(float64) string

// The units. Times are in seconds.

func ratio(v float64) string   { return significant(v) + " ×" }
func count(v float64) string   { return fmt.Sprintf("%.0f", v) }
func tenths(v float64) string  { return fmt.Sprintf("%.1f", v) }
func percent(v float64) string { return significant(100*v) + " %" }
func rate(v float64) string    { return data(v) + "/s" }

func seconds(v float64) string {
	if v < 1 {
		return significant(1000*v) + " ms"
	}
	return significant(v) + " s"
}

func data(v float64) string {
	switch {
	case v < 1e3:
		return significant(v) + " B"
	case v < 1e6:
		return significant(v/1e3) + " kB"
	}
	return significant(v/1e6) + " MB"
}

// significant prints three digits, and all of those before the point.
func significant(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func took(d time.Duration) figure  { return figure{value: d.Seconds()} }
func notIn(d time.Duration) figure { return figure{value: d.Seconds(), over: true} }
