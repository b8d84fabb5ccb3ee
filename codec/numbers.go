package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// parseNumber gives the JSON number text its kind: int64, else uint64, else
// *big.Int if it is written without fraction and exponent, otherwise float64.
// The text must be a JSON number.
func parseNumber(text []byte) (any, error) {
	for _, c := range text {
		if c == '.' || c == 'e' || c == 'E' {
			f, err := strconv.ParseFloat(string(text), 64)
			if err != nil {
				return nil, fmt.Errorf("number %s overflows float64", excerpt(text))
			}
			return f, nil
		}
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseUint(string(text), 10, 64); err == nil {
		return n, nil
	}
	if len(text) <= maxDigits+len("-") {
		if n, ok := new(big.Int).SetString(string(text), 10); ok && !isLong(n) {
			return n, nil
		}
	}
	return nil, errLongInt
}

// excerpt is the beginning of a number, for messages.
func excerpt(text []byte) string {
	const shown = 32
	if len(text) <= shown {
		return string(text)
	}
	return string(text[:shown]) + "…"
}

// validNumber returns n as it is written in JSON, where the empty json.Number
// stands for 0, as in encoding/json.
func validNumber(n json.Number) ([]byte, error) {
	if n == "" {
		return []byte("0"), nil
	}
	text := []byte(n)
	if skipNumber(text, 0) != len(text) {
		return nil, fmt.Errorf("json.Number %q is not a number", excerpt(text))
	}
	return text, nil
}

// narrow gives a big integer the smallest of the kinds int64, uint64, *big.Int.
func narrow(n *big.Int) any {
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.IsUint64():
		return n.Uint64()
	}
	return n
}

// settleJSON turns what encoding/json leaves in an any, with numbers as
// json.Number, into the kinds of the package documentation. It changes slices
// and maps in place and enters at most left of them.
func settleJSON(x any, left int) (any, error) {
	switch x := x.(type) {
	case json.Number:
		return parseNumber([]byte(x))
	case []any:
		if left == 0 {
			return nil, ErrDepth
		}
		for i := range x {
			fixed, err := settleJSON(x[i], left-1)
			if err != nil {
				return nil, err
			}
			x[i] = fixed
		}
	case map[string]any:
		if left == 0 {
			return nil, ErrDepth
		}
		for key := range x {
			fixed, err := settleJSON(x[key], left-1)
			if err != nil {
				return nil, err
			}
			x[key] = fixed
		}
	}
	return x, nil
}

// appendFloat appends f as encoding/json does, and then a ".0" if it would
// read as an integer. bits is the size of the float that f came from.
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("%v is not a number in JSON: use null or text, or encode as cbor", f)
	}
	// ES6's number to string conversion, which encoding/json follows too:
	// exponents from 1e21 on and below 1e-6, without leading zeros.
	abs := math.Abs(f)
	small, large := abs < 1e-6, abs >= 1e21
	if bits == 32 {
		small, large = float32(abs) < 1e-6, float32(abs) >= 1e21
	}
	if abs != 0 && (small || large) {
		dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
		if n := len(dst); string(dst[n-4:n-1]) == "e-0" {
			dst = append(dst[:n-2], dst[n-1])
		}
		return dst, nil
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst, nil
}
