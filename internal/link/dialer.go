package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jpillora/backoff"
)

// stableAfter is how long a link must have lived for its loss to be new trouble. A
// server that accepts links and drops them at once is not dialed faster than one that
// refuses them.
const stableAfter = 10 * time.Second

// DialerConfig says how a [Dialer] gets its links. URLs and Dial are required.
type DialerConfig struct {
	// URLs are tried in this order at an attempt; the first that works is used. One
	// that failed, or whose link was lost, goes behind the others.
	URLs []string

	// Dial opens a link and does whatever it needs before it is used.
	Dial func(ctx context.Context, url string) (*Link, error)

	// Serve runs the link until it ends, as Link.Serve does, and says why it
	// did. It is called by the Dialer's goroutine.
	Serve func(*Link) error

	// DialTimeout bounds the dialing of one URL; 0 is 5 s.
	DialTimeout time.Duration

	// MinDelay and MaxDelay are the bounds of the delay before the second attempt and
	// before late ones: a random time below MinDelay · 2^n, at most MaxDelay; 0 is
	// 250 ms and 10 s.
	MinDelay, MaxDelay time.Duration

	// Logger gets links that are up, lost and refused. Nil: nothing is logged.
	Logger *slog.Logger
}

// Dialer keeps one link up to the first of several URLs that works. It does nothing before
// Link or Ready is called; from then on, until Close, a goroutine dials and, after a
// loss, dials again: at once where there are URLs that it has not tried since it had a
// link that lasted, else after a delay. The delays are exponential with full jitter, so that the clients
// of a server that came back do not arrive together (Brooker, "Exponential Backoff
// And Jitter", AWS Architecture Blog, 2015). Its methods may be called concurrently.
type Dialer struct {
	cfg     DialerConfig
	backoff backoff.Backoff
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
	hurry   chan struct{} // ends the delay before an attempt; holds one signal
	urls    []string      // in the order in which they are tried next; the goroutine's own

	mu      sync.Mutex
	started bool
	closed  bool
	link    *Link
	dialing bool
	lost    bool          // the last attempt gave a link, which has ended
	err     error         // why the last attempt failed or the last link ended
	last    time.Time     // when the last attempt began
	next    time.Time     // when the next one begins
	delay   time.Duration // between them, or after the loss of the link
	changed chan struct{} // closed and replaced when any of these changes
}

// NewDialer returns a Dialer that has not dialed yet.
func NewDialer(cfg DialerConfig) *Dialer {
	if cfg.DialTimeout == 0 {
		cfg.DialTimeout = 5 * time.Second
	}
	if cfg.MinDelay == 0 {
		cfg.MinDelay = 250 * time.Millisecond
	}
	if cfg.MaxDelay == 0 {
		cfg.MaxDelay = 10 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Dialer{
		cfg:     cfg,
		backoff: backoff.Backoff{Min: cfg.MinDelay, Max: cfg.MaxDelay, Factor: 2},
		hurry:   make(chan struct{}, 1),
		urls:    slices.Clone(cfg.URLs),
		changed: make(chan struct{}),
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// Start begins to dial, unless that was done, or the Dialer is closed.
func (d *Dialer) Start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.start()
	}
}

// Link returns the link. While an attempt is under way it waits for that, until ctx
// ends; after the loss of a link, for the attempt that follows. Between an attempt that failed and
// the next it fails at once, with an error that matches
// [ErrUnavailable], wraps why there is no link, and says when the next attempt is: a caller can
// choose another peer instead of hanging. It starts an attempt itself
// if there was none yet, or none within the current delay. After Close it returns [ErrClosed].
func (d *Dialer) Link(ctx context.Context) (*Link, error) { return d.await(ctx, nil, false) }

// Next is Link for a caller that found last, the link that it has, to be of no use
// any more: it waits for Serve to give that up, and for the next attempt where Link
// fails between two. Its error, if that attempt fails, is that of Link. last may be nil.
func (d *Dialer) Next(ctx context.Context, last *Link) (*Link, error) {
	return d.await(ctx, last, true)
}

// await returns a link other than last, that of an attempt that is under way, or,
// if patient, of the next.
func (d *Dialer) await(ctx context.Context, last *Link, patient bool) (*Link, error) {
	d.mu.Lock()
	waited := false
	for {
		switch {
		case d.closed:
			d.mu.Unlock()
			return nil, ErrClosed
		case d.up() && d.link != last:
			l := d.link
			d.mu.Unlock()
			return l, nil
		case d.dialing, d.link != nil: // the link has just ended: run will say so
		case waited, !d.wake() && !d.lost && !patient:
			err := d.unavailable()
			d.mu.Unlock()
			return nil, err
		}
		waited = waited || d.dialing || d.link == nil
		changed := d.changed
		d.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("dialing %s: %w", strings.Join(d.cfg.URLs, ", "), context.Cause(ctx))
		}
		d.mu.Lock()
	}
}

// Ready waits until there is a link, however many attempts it takes. When ctx ends first,
// the error wraps its cause and the last attempt's error. After Close it returns
// [ErrClosed].
func (d *Dialer) Ready(ctx context.Context) error {
	for {
		d.mu.Lock()
		closed, up := d.closed, d.up()
		if !closed {
			d.start()
		}
		changed, last := d.changed, d.err
		d.mu.Unlock()
		if closed {
			return ErrClosed
		}
		if up {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if last == nil {
				return fmt.Errorf("dialing %s: %w", strings.Join(d.cfg.URLs, ", "), context.Cause(ctx))
			}
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		}
	}
}

// Close closes the link, gives up dialing, and waits for both. Calls that wait return
// [ErrClosed].
func (d *Dialer) Close() error {
	d.mu.Lock()
	d.closed = true
	l := d.link
	d.change()
	d.mu.Unlock()
	d.cancel()
	var err error
	if l != nil {
		err = l.Close(StatusNormal, "")
	}
	d.running.Wait()
	return err
}

// up tells whether there is a link; mu is held.
func (d *Dialer) up() bool { return d.link != nil && d.link.Err() == nil }

// start starts the goroutine; mu is held.
func (d *Dialer) start() {
	if !d.started {
		d.started, d.dialing = true, true
		d.running.Go(d.run)
	}
}

// wake makes sure that an attempt begins now, if one may; mu is held.
func (d *Dialer) wake() bool {
	if !d.started {
		d.start()
		return true
	}
	if time.Since(d.last) < d.delay {
		return false
	}
	d.dialing = true
	select {
	case d.hurry <- struct{}{}:
	default:
	}
	return true
}

// change tells all who wait; mu is held.
func (d *Dialer) change() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// unavailable says why there is no link; mu is held.
func (d *Dialer) unavailable() error {
	wait := max(time.Until(d.next), 0).Round(time.Millisecond)
	return &refusal{
		fmt.Sprintf("%v: next attempt in %v: %v", ErrUnavailable, wait, d.err),
		[]error{ErrUnavailable, d.err},
	}
}

// run is the Dialer's goroutine.
func (d *Dialer) run() {
	for d.ctx.Err() == nil {
		d.begin()
		l, err := d.dial()
		lost := err == nil
		if lost {
			err = d.serve(l)
			d.putLast()
		}
		d.pause(err, lost)
	}
}

func (d *Dialer) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dialing = true
	d.last = time.Now()
	select { // a hurry that came too late is for this attempt
	case <-d.hurry:
	default:
	}
}

// putLast puts the first URL behind the others.
func (d *Dialer) putLast() { d.urls = append(d.urls[1:], d.urls[0]) }

// dial tries each URL once, until one works, which is the first then.
func (d *Dialer) dial() (*Link, error) {
	if len(d.urls) == 0 {
		return nil, errors.New("no URL to dial")
	}
	var errs []error
	for range d.urls {
		url := d.urls[0]
		ctx, cancel := context.WithTimeout(d.ctx, d.cfg.DialTimeout)
		l, err := d.cfg.Dial(ctx, url)
		cancel()
		if err == nil {
			d.cfg.Logger.Debug("link up", slog.String("url", url))
			return l, nil
		}
		errs = append(errs, err)
		d.putLast()
	}
	if len(errs) == 1 {
		return nil, errs[0]
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return nil, &refusal{strings.Join(texts, "; "), errs} // one line, for logs
}

// serve offers a link to the callers until it ends, and says why it did.
func (d *Dialer) serve(l *Link) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		l.Abort(ErrClosed)
		return ErrClosed
	}
	d.link, d.dialing = l, false
	d.change()
	d.mu.Unlock()
	up := time.Now()
	err := d.cfg.Serve(l)
	if err == nil {
		err = errors.New("link ended")
	}
	if time.Since(up) >= stableAfter {
		d.backoff.Reset()
	}
	return err
}

// pause waits before the next attempt, unless a link was lost and other URLs may
// have one at once.
func (d *Dialer) pause(err error, lost bool) {
	others := len(d.urls) - 1 - int(d.backoff.Attempt())
	delay := rand.N(d.backoff.Duration() + 1)
	if lost && others > 0 {
		delay = 0
	}
	d.mu.Lock()
	d.link, d.dialing = nil, false
	d.err, d.delay, d.lost = err, delay, lost
	d.next = time.Now().Add(delay)
	d.change()
	d.mu.Unlock()
	d.cfg.Logger.Debug("no link", slog.Any("err", err), slog.Duration("retry", delay))
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.hurry:
	case <-d.ctx.Done():
	}
}
