package codec

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// errMapKey refuses map keys that Go can't find again: arrays and maps, bytes,
// big integers, times and NaN.
var errMapKey = errors.New("map key is no text, integer, float, bool or null")

var errSameKey = errors.New("map has the same key twice")

// isKeyKind reports whether a decoded value may be a map's key.
func isKeyKind(x any) bool {
	switch x := x.(type) {
	case nil, string, int64, uint64, bool:
		return true
	case float64:
		return !math.IsNaN(x)
	}
	return false
}

// textKey writes a map's key as JSON has to: as text.
func textKey(key any) (string, bool) {
	switch key := key.(type) {
	case string:
		return key, true
	case int64:
		return strconv.FormatInt(key, 10), true
	case uint64:
		return strconv.FormatUint(key, 10), true
	case bool:
		return strconv.FormatBool(key), true
	case int:
		return strconv.Itoa(key), true
	}
	return "", false
}

// textKeys returns m with its keys as text. Keys that have no text, and keys
// that become the same, are errors.
func textKeys(m map[any]any) (map[string]any, error) {
	if m == nil {
		return nil, nil //nolint:nilnil // a nil map is a value: null
	}
	texts := make(map[string]any, len(m))
	for key, x := range m {
		text, ok := textKey(key)
		if !ok {
			return nil, fmt.Errorf("map key %v of type %T can't be written in JSON", key, key)
		}
		if _, ok := texts[text]; ok {
			return nil, fmt.Errorf("map keys %q and %v are the same in JSON", text, key)
		}
		texts[text] = x
	}
	return texts, nil
}

// textMap returns m as a map[string]any if all its keys are strings, else m.
func textMap(m map[any]any) any {
	texts := make(map[string]any, len(m))
	for key, x := range m {
		text, ok := key.(string)
		if !ok {
			return m
		}
		texts[text] = x
	}
	return texts
}
