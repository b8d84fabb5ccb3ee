// Package wire turns the messages of the JSON protocol into Go values and back.
// docs/PROTOCOL.md specifies the protocol; the files in testdata are its test
// vectors.
//
// A reader calls [Sniff] to see what a message is and to which request it
// belongs, and then the Decode function of its role. These check all that can
// be known of a message by itself: its form, the limits, the names that it must
// have. Whether its commands refer to each other rightly is for internal/plan.
// Every error is an *[Error] that can be sent as it is.
//
// Values, the arguments and results, are never decoded here: they are the bytes
// that came in, and go out as such. The functions are pure and safe for
// concurrent use; nothing that they return shares memory with the message.
package wire
