package main

import (
	"errors"
	"io"
	"slices"
)

// closers closes what was opened, the last first.
type closers []io.Closer

// Close closes all, whatever fails.
func (c closers) Close() error {
	var errs []error
	for _, one := range slices.Backward(c) {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

// closeInto is deferred by who opens more and more: closing may fail too.
func (c *closers) closeInto(err *error) { *err = errors.Join(*err, c.Close()) }

// closedBecause closes what a failure leaves of no use, and returns both errors.
func closedBecause(err error, c io.Closer) error { return errors.Join(err, c.Close()) }
