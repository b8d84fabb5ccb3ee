package wire

import "bytes"

// What a message may hold at most. The limits bound what one message can make
// a node allocate or compute; they are far above what people send. Those on
// single fields stand in the validate tags of the message types.
const (
	// MaxMessage is the default bound on a message, in bytes after
	// decompression. A node can set its own.
	MaxMessage = 64 << 20

	// MaxCommands bounds the commands of one request.
	MaxCommands = 10_000

	// MaxEntries bounds what a request is made of besides: its commands, their
	// members, arguments, keywords, locs and references, taken together and
	// without what is inside an argument. An entry may be two bytes of a
	// message and takes a hundred in a Request.
	MaxEntries = 1 << 20

	// MaxName bounds names of commands and functions, locs and keywords, in
	// characters, and MaxID the u of a message, in bytes: a node keeps them for
	// as long as a call runs.
	MaxName = 256
	MaxID   = 128

	// MaxWindow bounds the window of a stream and what is added to it at once, in
	// items, and MaxWindowBytes in bytes.
	MaxWindow      = 1 << 30
	MaxWindowBytes = 1 << 50

	// MaxSplices bounds the splices of a call: as many as a request may have
	// references.
	MaxSplices = 1 << 18

	// MaxHeaders bounds the headers of one request.
	MaxHeaders = 64
)

// argumentDepth is how many objects and lists an argument stands in: the
// message, its commands, the command, its arguments.
const argumentDepth = 4

var comma = []byte{','}

// tooManyEntries reports whether a request has more than MaxEntries entries,
// counted by the commas between them, before anything is allocated for them.
// Of malformed data it may say anything.
func tooManyEntries(data []byte) bool {
	if len(data) <= MaxEntries || bytes.Count(data, comma) <= MaxEntries {
		return false // nearly every message, at the speed of memory
	}
	depth, entries := 0, 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth <= argumentDepth {
				entries++
			}
		case '"':
			end := stringEnd(data, i)
			if end < 0 {
				return false
			}
			i = end - 1
		}
	}
	return entries > MaxEntries
}
