package wire

// AppendDelta appends d encoded, in the form of a catalog. If d is more than a
// reader would take, dst is returned as it was, and the error is an *Error. The
// size of what gossip carries as a change is bounded besides: by MaxDelta. It is
// safe for concurrent use as long as nobody changes d.
func AppendDelta(dst []byte, d *Delta) ([]byte, error) {
	if err := d.check(); err != nil {
		return dst, inText(deltaText, err)
	}
	var t tableWriter
	if d.SetsResources {
		t.uv(deltaResources)
		t.set(d.Resources)
	} else {
		t.uv(0)
		t.set(nil)
	}
	t.uv(len(d.Removed))
	for i := range d.Removed {
		t.str(d.Removed[i].Name)
		t.set(d.Removed[i].Locs)
	}
	t.offers(d.Added)
	return t.appendTo(dst), nil
}

// DecodeDelta reads and checks what AppendDelta writes. The strings of the
// change share the memory of text, and its offers share their locs, which
// therefore must not be changed. The error is an *Error.
func DecodeDelta(text string) (*Delta, error) {
	in := tableReader{textReader: textReader{what: deltaText, rest: text}}
	in.tables()
	d := new(Delta)
	options := in.uv("options")
	if options > deltaResources {
		in.fail("options", "is %d, which is not known here", options)
	}
	resources := in.set("resources")
	if d.SetsResources = options == deltaResources; d.SetsResources {
		d.Resources = resources
	}
	d.Removed = in.keys("removed")
	d.Added = in.offers("added")
	if err := in.end(); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, inText(deltaText, err)
	}
	return d, nil
}

func (d *tableReader) keys(field string) []OfferKey {
	const least = 2
	n := d.count(field, least)
	if n == 0 {
		return nil
	}
	list := make([]OfferKey, n)
	for i := range list {
		if list[i].Name, list[i].Locs = d.str(field), d.set(field); d.err != nil {
			return nil
		}
	}
	return list
}
