package wire

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Catalog is what a node offers. It replaces what the node offered before,
// unless it has an older version.
type Catalog struct {
	Version   uint64   `json:"version"`
	Resources []string `json:"resources,omitempty" validate:"max=1024,dive,required,max=256"`
	Functions []Offer  `json:"functions,omitempty" validate:"max=65536"`
}

// Offer is a function under one set of locs.
type Offer struct {
	Name       string   `json:"name" validate:"required,max=256"`
	Locs       []string `json:"locs,omitempty" validate:"max=1024,dive,required,max=256"`
	Signature  string   `json:"signature,omitempty" validate:"max=65536"`
	Doc        string   `json:"doc,omitempty" validate:"max=1048576"`
	Idempotent bool     `json:"idempotent,omitempty"`
}

// Catalog writes a CATALOG frame. The error, of something that the other end
// would refuse, is an *Error.
func (f *Frame) Catalog(c *Catalog) error { return f.form(KindCatalog, c, c) }

// DecodeCatalog reads and checks the body of a CATALOG frame. The error is an
// *Error.
func DecodeCatalog(body []byte) (*Catalog, error) {
	c := new(Catalog)
	if err := decodeMap(KindCatalog, body, c); err != nil {
		return nil, err
	}
	return c, nil
}

// UnmarshalCBOR reads and checks the offers one by one: an empty map is one
// byte, and an Offer takes eighty.
func (c *Catalog) UnmarshalCBOR(data []byte) error {
	var in struct {
		Version   uint64            `json:"version"`
		Resources []string          `json:"resources"`
		Functions []cbor.RawMessage `json:"functions"`
	}
	if err := mapReader.Unmarshal(data, &in); err != nil {
		return mapFault(err)
	}
	*c = Catalog{Version: in.Version, Resources: in.Resources}
	for i, encoded := range in.Functions {
		var o Offer
		if err := readMap(encoded, &o); err != nil {
			return errMap(fmt.Sprintf(`in "functions[%d]": %v`, i, err))
		}
		if err := o.check(i); err != nil {
			return err
		}
		c.Functions = append(c.Functions, o)
	}
	return nil
}

// checkOffers holds the offers of a catalog against the bounds of a message.
func (c *Catalog) checkOffers() error {
	for i := range c.Functions {
		if err := c.Functions[i].check(i); err != nil {
			return err
		}
	}
	return nil
}

func (o *Offer) check(index int) error {
	return checkPart(o, fmt.Sprintf("functions[%d].", index))
}
