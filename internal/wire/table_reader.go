package wire

import "unicode/utf8"

// tableReader reads what a tableWriter writes.
type tableReader struct {
	textReader
	strings []string // the first is empty
	sets    [][]string
}

// tables reads all that stands in front.
func (d *tableReader) tables() {
	if version := d.u8("version"); version != textVersion {
		d.fail("version", "is %d, and %d is what is known here", version, textVersion)
		return
	}
	const leastString, leastSet = 2, 2
	n := d.count("strings", leastString)
	d.strings = make([]string, n+1)
	for i := range n {
		s := d.bytes("strings")
		if s == "" {
			d.fail("strings", "has an empty one")
		} else if !utf8.ValidString(s) {
			d.fail("strings", "is not valid UTF-8")
		}
		if d.err != nil {
			return
		}
		d.strings[i+1] = s
	}
	n = d.count("sets", leastSet)
	d.sets = make([][]string, n+1)
	for i := range n {
		if d.sets[i+1] = d.members(); d.err != nil {
			return
		}
	}
}

// members reads a set of strings.
func (d *tableReader) members() []string {
	n := d.count("sets", 1)
	if n == 0 {
		d.fail("sets", "has an empty one")
		return nil
	}
	list := make([]string, n)
	for i := range list {
		if list[i] = d.str("sets"); d.err != nil {
			return nil
		}
	}
	return list
}

// str reads the number of a string.
func (d *tableReader) str(field string) string {
	n := d.uv(field)
	if n < uint64(len(d.strings)) {
		return d.strings[n]
	}
	d.fail(field, "has string number %d, which does not exist", n)
	return ""
}

// set reads the number of a set.
func (d *tableReader) set(field string) []string {
	n := d.uv(field)
	if n < uint64(len(d.sets)) {
		return d.sets[n]
	}
	d.fail(field, "has set number %d, which does not exist", n)
	return nil
}

// end reads the tlvs, none of which is known, and that nothing is behind them.
func (d *tableReader) end() error {
	const least = 2
	for range d.count("tlvs", least) {
		tag := d.uv("tlvs")
		d.bytes("tlvs")
		if tag%2 == 0 && d.err == nil {
			d.fail("tlvs", "has tag %d, which is not known here and must not be skipped", tag)
		}
		if d.err != nil {
			break
		}
	}
	if len(d.rest) > 0 {
		d.refuse("%d bytes are behind its last field", len(d.rest))
	}
	if d.err != nil {
		return d.err
	}
	return nil
}
