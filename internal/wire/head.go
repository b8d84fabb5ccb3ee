package wire

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Head is what a reader has to know of a message before it decodes it: what
// it is, and to which request it belongs.
type Head struct {
	Role string `json:"role" validate:"max=256"`
	U    string `json:"u" validate:"maxbytes=128"`
}

// DecodeHead reads the head of a whole message, which it checks to be a JSON
// object: what Sniff does not do. Either field may be missing. The error is an
// *Error.
func DecodeHead(data []byte) (Head, error) {
	h, err := decodeChecked[Head](data)
	if err != nil {
		return Head{}, err
	}
	return *h, nil
}

// Sniff finds the role and the u of a JSON message in one pass that stops as
// soon as it has both. The u of an older client's wrapped request counts where
// there is none outside; of a key that is there twice the first counts.
//
// It does not check the message, allocates nothing but the strings, whatever
// their length, and is at home in the middle of garbage: of a message that is
// cut off or malformed it returns what could be seen before that place, so
// that the error can still be told to the request that caused it.
func Sniff(data []byte) Head {
	i := skipSpace(data, 0)
	if i == len(data) || data[i] != '{' {
		return Head{}
	}
	s := sniffer{data: data}
	for i < len(data) && (s.role == "" || s.u == "") {
		switch data[i] {
		case '{', '[':
			s.depth++
		case '}', ']':
			if s.depth--; s.depth == 0 {
				return s.head()
			}
			if s.depth < s.wrapped {
				s.wrapped = 0
			}
		case '"':
			if i = s.text(i); i < 0 {
				return s.head()
			}
			continue
		}
		i++
	}
	return s.head()
}

// sniffer is a Sniff under way.
type sniffer struct {
	data    []byte
	depth   int
	wrapped int // the depth within an older client's request; 0 outside of one

	role, u, wrappedU string
}

func (s *sniffer) head() Head {
	if s.u == "" {
		s.u = s.wrappedU
	}
	return Head{s.role, s.u}
}

// text passes over the string at i, and takes the value that it is the key of
// if Head wants it. It returns where the scan goes on, -1 if it can't.
func (s *sniffer) text(i int) int {
	end := stringEnd(s.data, i)
	if end < 0 || s.depth != 1 && s.depth != s.wrapped {
		return end
	}
	value := skipSpace(s.data, end)
	if value == len(s.data) || s.data[value] != ':' {
		return end
	}
	if value = skipSpace(s.data, value+1); value == len(s.data) {
		return -1
	}
	key := s.data[i+1 : end-1]
	if bytes.IndexByte(key, '\\') >= 0 {
		key = []byte(unquote(s.data[i:end]))
	}
	outside := s.depth == 1
	if s.data[value] != '"' {
		if outside && s.data[value] == '{' && string(key) == "rpc" {
			s.wrapped = s.depth + 1
		}
		return value
	}
	if end = stringEnd(s.data, value); end < 0 {
		return -1
	}
	switch {
	case outside && s.role == "" && string(key) == "role":
		s.role = unquoteRole(s.data[value:end])
	case outside && s.u == "" && string(key) == "u":
		s.u = unquote(s.data[value:end])
	case !outside && s.wrappedU == "" && string(key) == "u":
		s.wrappedU = unquote(s.data[value:end])
	}
	return end
}

// stringEnd returns the index after the closing quote of the string that
// starts at data[start], or -1.
func stringEnd(data []byte, start int) int {
	for i := start + 1; i < len(data); {
		quote := bytes.IndexByte(data[i:], '"')
		if quote < 0 {
			return -1
		}
		quote += i
		escapes := 0
		for quote-escapes > i && data[quote-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return quote + 1
		}
		i = quote + 1
	}
	return -1
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\t' || data[i] == '\r') {
		i++
	}
	return i
}

// unquoteRole is unquote, without an allocation for the roles there are.
func unquoteRole(quoted []byte) string {
	text := quoted[1 : len(quoted)-1]
	for _, role := range [...]string{RoleRequest, RoleResponse, RoleCancel, RoleAck, RoleItem, RoleEvent, RoleAuth} {
		if string(text) == role {
			return role
		}
	}
	return unquote(quoted)
}

// unquote returns the text of a JSON string, empty if it is none.
func unquote(quoted []byte) string {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return string(text)
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return ""
	}
	return s
}
