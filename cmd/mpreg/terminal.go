package main

import (
	"fmt"
	"io"
	"os"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// shown returns f, or if it is a terminal, what writes there only what can be
// seen: results and errors come from anywhere, and must not rule the terminal of
// who reads them. A pipe or a file gets every byte as it is.
func shown(f *os.File) io.Writer {
	info, err := f.Stat()
	if err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return terminal{f}
	}
	return f
}

// terminal writes text with everything escaped that a terminal would obey and
// not show. The escapes are those of JSON, so that JSON stays what it is.
type terminal struct{ w io.Writer }

// Write writes text, which must not end within a character.
func (t terminal) Write(text []byte) (int, error) {
	clean := make([]byte, 0, len(text))
	for rest := text; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			clean = append(clean, "\ufffd"...)
		case visible(r) || r == '\n' || r == '\t':
			clean = append(clean, rest[:size]...)
		default:
			clean = appendEscape(clean, r)
		}
		rest = rest[size:]
	}
	if _, err := t.w.Write(clean); err != nil {
		return 0, err
	}
	return len(text), nil
}

// visible reports whether a terminal shows r and does nothing else. The joiners
// are parts of words in some scripts, and of emoji.
func visible(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.IsGraphic(r) || r == nonJoiner || r == joiner
}

func appendEscape(dst []byte, r rune) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}
