// Package wire turns the messages of the protocol into Go values and back: those
// in JSON, and the binary frames of the subprotocol "mpreg.v1". docs/PROTOCOL.md
// specifies both; the files in testdata are its test vectors.
//
// A reader of JSON calls [Sniff] to see what a message is and to which request
// it belongs, a reader of frames [DecodeFrameHead], and then the Decode function
// of what it is. Gossip carries what nodes offer as it was encoded by its owner:
// [DecodeCatalogText] and [DecodeDelta] are for who looks into it. These check
// all that can be known of a message by itself: its form, the limits, the names
// that it must have. Whether its commands refer to each other rightly is for
// internal/plan. Every error is an *[Error] that can be sent as it is.
//
// Values, the arguments and results, are never decoded here: they are the bytes
// that came in, and go out as such where the codec stays the same. Nobody has
// checked that the bytes of a value in a frame are one. The functions are pure
// and safe for concurrent use; what they return may share the memory of the
// message where they say so.
package wire
