package wire

// AppendCatalog appends c encoded: what a node offers, as it is gossiped. Names,
// locs and signatures that are there again cost a byte or two. Text that is no
// UTF-8 is repaired. If c is more than a reader would take, dst is returned as
// it was, and the error is an *Error. It is safe for concurrent use as long as
// nobody changes c.
func AppendCatalog(dst []byte, c *Catalog) ([]byte, error) {
	if err := c.check(); err != nil {
		return dst, inText(catalogText, err)
	}
	var t tableWriter
	t.set(c.Resources)
	t.offers(c.Functions)
	return t.appendTo(dst), nil
}

// DecodeCatalogText reads and checks what AppendCatalog writes. The strings of
// the catalog share the memory of text, and its offers share their locs, which
// therefore must not be changed. The error is an *Error.
func DecodeCatalogText(text string) (*Catalog, error) {
	d := tableReader{textReader: textReader{what: catalogText, rest: text}}
	d.tables()
	c := &Catalog{Resources: d.set("resources"), Functions: d.offers("functions")}
	if err := d.end(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, inText(catalogText, err)
	}
	return c, nil
}

// offers writes a list of offers.
func (t *tableWriter) offers(list []Offer) {
	t.uv(len(list))
	for i := range list {
		o := &list[i]
		t.str(o.Name)
		t.set(o.Locs)
		t.str(o.Signature)
		t.str(o.Doc)
		options := 0
		if o.Idempotent {
			options = offerIdempotent
		}
		t.uv(options)
	}
}

func (d *tableReader) offers(field string) []Offer {
	const least = 5
	n := d.count(field, least)
	if n == 0 {
		return nil
	}
	list := make([]Offer, n)
	for i := range list {
		o := &list[i]
		o.Name, o.Locs, o.Signature, o.Doc = d.str(field), d.set(field), d.str(field), d.str(field)
		o.Idempotent = d.uv(field)&offerIdempotent != 0
		if d.err != nil {
			return nil
		}
	}
	return list
}
