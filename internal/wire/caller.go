package wire

// Caller is whom a node vouches for when it passes a request on. It is believed
// from nodes only.
type Caller struct {
	Name   string            `json:"name"`
	Claims map[string]string `json:"claims,omitempty"`
}

// caller reads the identity of a request's caller.
func (d *frameReader) caller(field string, data []byte) *Caller {
	c := new(Caller)
	if err := readMap(data, c); err != nil {
		d.fail(field, "is malformed: %v", err)
		return nil
	}
	return c
}
