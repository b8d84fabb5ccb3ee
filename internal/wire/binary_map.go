package wire

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Limits of the CBOR maps that are parts of the protocol, such as HELLO. Values
// have those of package codec.
const (
	maxMapDepth    = 32
	maxMapElements = 1 << 16
	maxMapPairs    = 1 << 12
)

// mapReader reads the CBOR maps of the protocol. Keys are compared as they
// are; unknown ones are skipped.
var mapReader = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:   maxMapDepth,
		MaxArrayElements:  maxMapElements,
		MaxMapPairs:       maxMapPairs,
		IndefLength:       cbor.IndefLengthForbidden,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants: the first test would find it
	}
	return mode
}()

// readMap decodes a CBOR map into one of this package's structs. The error is
// text for the sender, who need not know Go.
func readMap(data []byte, into any) error {
	if !isCBORMap(data) {
		return errors.New("it must be a CBOR map")
	}
	err := mapReader.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	return mapFault(err)
}

// isCBORMap looks at the first byte only.
func isCBORMap(data []byte) bool { return len(data) > 0 && data[0]>>5 == 5 }

// mapFault says what is wrong with a CBOR map.
func mapFault(err error) error {
	if wrong, ok := errors.AsType[*cbor.UnmarshalTypeError](err); ok {
		where := "it"
		if parts := strings.SplitN(wrong.StructFieldName, ".", 3); len(parts) == 3 {
			where = fmt.Sprintf("field %q", parts[2]) // less the package and the type
		}
		return fmt.Errorf("%s can't be made of a CBOR %s", where, wrong.CBORType)
	}
	if twice, ok := errors.AsType[*cbor.DupMapKeyError](err); ok {
		return fmt.Errorf("the key %q is there twice", clip(fmt.Sprint(twice.Key)))
	}
	return errors.New("malformed CBOR: " + clip(strings.TrimPrefix(err.Error(), "cbor: ")))
}

// inFrame says in which kind of frame something is wrong.
func inFrame(kind FrameKind, err error) *Error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return Errorf(InvalidRequest, "malformed %v frame: %v", kind, err)
	}
	in := *e
	in.Message = fmt.Sprintf("malformed %v frame: %s", kind, e.Message)
	return &in
}
