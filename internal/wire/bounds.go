package wire

import (
	"fmt"
	"unicode/utf8"
)

// bounds holds the parts of a message against what they may be, for messages
// that come so often that the validator, which takes longer than decoding them,
// would be felt. After the first failure, which is kept in err, nothing changes.
type bounds struct {
	list  string // whose entry is looked at; empty: the message's own fields
	index int
	locs  int // of all offers so far
	err   *Error
}

// at says that what follows is about an entry of a list.
func (b *bounds) at(list string, index int) { b.list, b.index = list, index }

func (b *bounds) path(field string) string {
	if b.list == "" {
		return field
	}
	return fmt.Sprintf("%s[%d].%s", b.list, b.index, field)
}

func (b *bounds) fail(field, format string, args ...any) {
	if b.err == nil {
		b.err = Errorf(InvalidRequest, "field %q %s", b.path(field), fmt.Sprintf(format, args...))
	}
}

// most refuses what has more than limit of a unit.
func (b *bounds) most(field string, n, limit int, unit string) {
	if n > limit && b.err == nil {
		b.err = limitError(fieldName(field)+"_"+unit, int64(limit), "field %q has more than %d %s", b.path(field), limit, unit)
	}
}

// chars bounds a text in characters.
func (b *bounds) chars(field, s string, limit int) {
	if len(s) > limit { // else it can't have as many characters
		b.most(field, utf8.RuneCountInString(s), limit, "characters")
	}
}

// name is for a text of 1 to MaxName characters.
func (b *bounds) name(field, s string) {
	if s == "" {
		b.fail(field, "is empty")
	}
	b.chars(field, s, MaxName)
}

// names is for a list of them.
func (b *bounds) names(field string, list []string, limit int) {
	b.most(field, len(list), limit, "entries")
	for i, s := range list {
		if s == "" || len(s) > MaxName {
			b.name(fmt.Sprintf("%s[%d]", field, i), s)
		}
		if b.err != nil {
			return
		}
	}
}

// text bounds a text in bytes. One that is no UTF-8 is refused, and not
// repaired: it would name another node.
func (b *bounds) text(field, s string, limit int) {
	b.most(field, len(s), limit, "bytes")
	if !utf8.ValidString(s) {
		b.fail(field, "is not valid UTF-8")
	}
}

// id is for the id of a node.
func (b *bounds) id(field, s string) {
	if s == "" {
		b.fail(field, "is empty")
	}
	b.text(field, s, MaxNodeID)
}

// number is for one from 1 to limit.
func (b *bounds) number(field string, n, limit uint64) {
	if n == 0 || n > limit {
		b.fail(field, "is %d: it must be from 1 to %d", n, limit)
	}
}
