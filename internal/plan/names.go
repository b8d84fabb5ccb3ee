package plan

import (
	"strings"

	"github.com/mpreg/mpreg/internal/wire"
)

// names finds commands by name.
type names struct {
	index map[string]int
	// lengths[n] is set if some name has n bytes. It spares most strings of
	// a request the look into index.
	lengths []bool
}

// indexNames refuses names that are empty or given twice.
func indexNames(cmds []wire.Command) (*names, error) {
	longest := 0
	for i := range cmds {
		longest = max(longest, len(cmds[i].Name))
	}
	n := &names{index: make(map[string]int, len(cmds)), lengths: make([]bool, longest+1)}
	var duplicates []string
	reported := map[string]bool{}
	for i := range cmds {
		name := cmds[i].Name
		if name == "" {
			return nil, wire.Errorf(wire.InvalidRequest, "command %d of the request has no name", i)
		}
		if _, ok := n.index[name]; !ok {
			n.index[name] = i
			n.lengths[len(name)] = true
		} else if !reported[name] {
			reported[name] = true
			duplicates = append(duplicates, name)
		}
	}
	if duplicates != nil {
		return nil, wire.Errorf(wire.InvalidRequest,
			"several commands have the same name: %s; give each its own", list(duplicates, ", ")).
			With(wire.DetailCommand, duplicates[0]).With(DetailDuplicates, duplicates)
	}
	return n, nil
}

// match finds the command that s names, or whose name and a dot s starts
// with; of several the one with the longest name. length is that of the name.
// Without any, command is -1.
//
// At most as much of s is looked at as the longest name has bytes, 256 on the
// wire, so that long data costs nothing.
func (n *names) match(s string) (command, length int) {
	if len(s) < len(n.lengths) && n.lengths[len(s)] {
		if i, ok := n.index[s]; ok {
			return i, len(s)
		}
	}
	for end := min(len(s), len(n.lengths)); ; {
		end = strings.LastIndexByte(s[:end], '.')
		if end < 0 {
			return -1, 0
		}
		if n.lengths[end] {
			if i, ok := n.index[s[:end]]; ok {
				return i, end
			}
		}
	}
}
