package main

import (
	"slices"
	"sync"

	"github.com/mpreg/mpreg"
)

// unknownProduct is the code of orders for what is not sold here.
const unknownProduct mpreg.Code = 2001

// Order is what a customer sends. Its tags are checked before place runs,
// whichever way the order came in.
type Order struct {
	Product  string `json:"product" validate:"required"`
	Quantity int    `json:"quantity" validate:"gte=1,lte=100"`
}

// Receipt is an order that was taken.
type Receipt struct {
	ID int `json:"id"` // 1 for the first
	Order
	Cents int `json:"cents"`
}

// book takes orders. Its methods are the functions of the node, and know
// neither HTTP nor mpreg but for the error's code. It is safe for concurrent
// use.
type book struct {
	prices map[string]int // in cents; not modified

	mu       sync.Mutex
	receipts []Receipt
}

func newBook(prices map[string]int) *book {
	return &book{prices: prices, receipts: []Receipt{}} // no receipts are [] in JSON, not null
}

func (b *book) place(o Order) (Receipt, error) {
	price, ok := b.prices[o.Product]
	if !ok {
		return Receipt{}, mpreg.Errorf(unknownProduct, "%q is not sold here", o.Product)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := Receipt{ID: len(b.receipts) + 1, Order: o, Cents: price * o.Quantity}
	b.receipts = append(b.receipts, r)
	return r, nil
}

func (b *book) list() []Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.receipts)
}
