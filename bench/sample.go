package main

import (
	"slices"
	"time"
)

// sample is what one measurement found.
type sample struct {
	calls    int // that were served
	refused  int // by a limit
	failed   int // otherwise
	elapsed  time.Duration
	p50, p99 time.Duration // of one call; zero if there was more than one caller
	worst    time.Duration
	transfer time.Duration // what went on meanwhile took so long; zero if nothing did
	usage    usage         // of the whole process: client and server
	heap     uint64        // at most, in bytes, of the node's process
	share    float64       // of the calls, 0 to 1, that went to one node
}

// The figures of a sample, each per call or per second.

func p50(s sample) float64   { return micros(s.p50) }
func p99(s sample) float64   { return micros(s.p99) }
func worst(s sample) float64 { return micros(s.worst) }

func rate(s sample) float64      { return float64(s.calls) / s.elapsed.Seconds() }
func allocs(s sample) float64    { return float64(s.usage.mallocs) / float64(s.calls) }
func allocated(s sample) float64 { return float64(s.usage.bytes) / float64(s.calls) }

func share(s sample) float64   { return s.share }
func refused(s sample) float64 { return float64(s.refused) / s.elapsed.Seconds() }

// asked is how many calls were made a second, whatever became of them.
func asked(s sample) float64 { return float64(s.calls+s.refused+s.failed) / s.elapsed.Seconds() }

func heapMebibytes(s sample) float64 { return float64(s.heap) / (1 << 20) }

func transferSeconds(s sample) float64 { return s.transfer.Seconds() }

// cpuPerMillion is the CPU time of a million calls in seconds, which is that of one
// in microseconds.
func cpuPerMillion(s sample) float64 { return micros(s.usage.cpu) / float64(s.calls) }

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// series are the samples of one probe, a sample a round.
type series []sample

// median returns the median of a figure of the samples, 0 if there are none. A
// round in which the machine was busy with something else would spoil a mean.
func (s series) median(figure func(sample) float64) float64 {
	values := make([]float64, len(s))
	for i, one := range s {
		values[i] = figure(one)
	}
	return median(values)
}

// median sorts values. Of none it is 0.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// percentile returns the least of the sorted values that p percent of them don't
// exceed. There is at least one.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(1, (len(sorted)*p+99)/100)-1]
}
