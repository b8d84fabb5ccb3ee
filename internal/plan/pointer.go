package plan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mpreg/mpreg/codec"
)

// parsePointer splits an RFC 6901 pointer into its tokens, "~1" and "~0" read
// as "/" and "~". The pointer of the whole document, "", has none.
func parsePointer(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, nil
	}
	if pointer[0] != '/' {
		return nil, errors.New(`a pointer starts with "/"`)
	}
	if n := strings.Count(pointer, "/"); n > codec.MaxDepth {
		return nil, fmt.Errorf("it is %d levels deep, values have at most %d", n, codec.MaxDepth)
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, token := range tokens {
		var err error
		if tokens[i], err = unescape(token); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// unescape reads one token, in one go from left to right: "~01" is "~1", not
// "/".
func unescape(token string) (string, error) {
	if strings.IndexByte(token, '~') < 0 {
		return token, nil
	}
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '~' {
			i++
			switch {
			case i < len(token) && token[i] == '0':
			case i < len(token) && token[i] == '1':
				c = '/'
			default:
				return "", errors.New(`"~" is followed by 0 or 1`)
			}
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

// formatPointer is the inverse of parsePointer.
func formatPointer(tokens ...string) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteByte('/')
		b.WriteString(escaper.Replace(token))
	}
	return b.String()
}

// parseIndex reads an array index as RFC 6901 writes it: decimal digits
// without a sign and without leading zeros.
func parseIndex(token string) (int, bool) {
	if token == "" || token[0] == '0' && len(token) > 1 {
		return 0, false
	}
	for i := range len(token) {
		if token[i] < '0' || token[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(token)
	return n, err == nil
}
