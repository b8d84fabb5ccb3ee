package codec

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"time"
)

// parseCBOR decodes data into the types of the package documentation. The
// library could do it, but not into map[string]any or keys of mixed types
// without building everything twice.
func parseCBOR(data []byte) (any, error) {
	// After this check lengths are those of bytes that are there, so that they
	// can be allocated, and only the meaning of items can still be wrong.
	if err := checkCBOR(data, MaxDepth); err != nil {
		return nil, err
	}
	p := cborParser{data: data}
	x, _ := p.value(0)
	if p.err != nil {
		return nil, p.err
	}
	return x, nil
}

// cborParser decodes any trees from data that is well-formed.
type cborParser struct {
	data []byte
	err  error
}

// fail remembers err and ends the walk.
func (p *cborParser) fail(err error) (any, int) {
	p.err = err
	return nil, cborMalformed
}

// value decodes the item at i and returns the index behind it.
func (p *cborParser) value(i int) (any, int) {
	major, low, n, next := readHead(p.data, i)
	switch major {
	case cborUint:
		if n > math.MaxInt64 {
			return n, next
		}
		return int64(n), next
	case cborNegInt:
		if n > math.MaxInt64 {
			return new(big.Int).Not(new(big.Int).SetUint64(n)), next
		}
		return -1 - int64(n), next
	case cborBytes:
		end := next + int(n)
		return bytes.Clone(p.data[next:end]), end
	case cborText:
		end := next + int(n)
		return string(p.data[next:end]), end
	case cborArray:
		s := make([]any, n)
		end := walkCBOR(p.data, next, MaxDepth, major, n, func(k, i int) int {
			x, end := p.value(i)
			s[k] = x
			return end
		})
		return s, end
	case cborMap:
		return p.mapping(next, n)
	case cborTag:
		return p.tagged(i, n, next)
	}
	return simple(major|low, n), next
}

// simple gives the meaning of simple values and floats.
func simple(first byte, bits uint64) any {
	switch first {
	case cborFalse:
		return false
	case cborTrue:
		return true
	case cborFloat16:
		return halfFloat(uint16(bits))
	case cborFloat32:
		return float64(math.Float32frombits(uint32(bits)))
	case cborFloat64:
		return math.Float64frombits(bits)
	}
	return nil
}

// halfFloat decodes a float16, as in RFC 8949, appendix D.
func halfFloat(bits uint16) float64 {
	exp, mant := int(bits>>10&0x1f), float64(bits&0x3ff)
	var f float64
	switch {
	case exp == 0:
		f = math.Ldexp(mant, -24)
	case exp != 31:
		f = math.Ldexp(mant+1024, exp-25)
	case mant == 0:
		f = math.Inf(1)
	default:
		f = math.NaN()
	}
	if bits&0x8000 != 0 {
		f = math.Copysign(f, -1)
	}
	return f
}

// mapping decodes the n pairs at i: as a map[string]any, and from the first
// key on that is no text, as a map[any]any.
func (p *cborParser) mapping(i int, n uint64) (any, int) {
	texts := make(map[string]any, n)
	var mixed map[any]any
	for range n {
		key, next := p.value(i)
		if next < 0 {
			return nil, next
		}
		if !isKeyKind(key) {
			return p.fail(errMapKey)
		}
		x, end := p.value(next)
		if end < 0 {
			return nil, end
		}
		i = end
		before := len(texts) + len(mixed)
		if text, ok := key.(string); ok && mixed == nil {
			texts[text] = x
		} else {
			if mixed == nil {
				mixed = make(map[any]any, n)
				for text, x := range texts {
					mixed[text] = x
				}
				texts = nil
			}
			mixed[key] = x
		}
		if len(texts)+len(mixed) == before {
			return p.fail(errSameKey)
		}
	}
	if mixed != nil {
		return mixed, i
	}
	return texts, i
}

// tagged decodes the item at i that has a tag, its content beginning at next.
func (p *cborParser) tagged(i int, tag uint64, next int) (any, int) {
	switch tag {
	case tagTimeText, tagTimeUnix:
		end := skipCBOR(p.data, i, MaxDepth)
		var t time.Time
		if err := cborReader.Unmarshal(p.data[i:end], &t); err != nil {
			return p.fail(err)
		}
		if tag == tagTimeUnix {
			t = t.UTC() // it has no zone; the reader's would differ from node to node
		}
		if year := t.Year(); year < 0 || year > 9999 {
			return p.fail(fmt.Errorf("time of the year %d is out of range", year))
		}
		return t, end
	case tagPosBignum, tagNegBignum:
		major, _, n, start := readHead(p.data, next)
		if major != cborBytes {
			return p.fail(fmt.Errorf("tag %d is not followed by bytes", tag))
		}
		end := start + int(n)
		abs := new(big.Int).SetBytes(p.data[start:end])
		if tag == tagNegBignum {
			abs.Not(abs)
		}
		return narrow(abs), end
	}
	return p.value(next)
}
