package plan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mpreg/mpreg/internal/wire"
)

// refuse is the answer to a request that cannot be run because of a command.
func refuse(command, format string, args ...any) *wire.Error {
	return wire.Errorf(wire.InvalidRequest, format, args...).With(wire.DetailCommand, command)
}

// list writes names for a message, and only so many of them that a message
// stays one: the details have them all.
func list(names []string, separator string) string {
	const most = 8
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, "%s… (%d more)", separator, len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(strconv.Quote(name))
	}
	return b.String()
}
