package route_test

import (
	"reflect"
	"testing"

	"github.com/mpreg/mpreg/internal/route"
)

// TestPlaceIsACacheLine: of a thousand places a choice reads two that are in no cache
// near the processor, and most of what it costs is that.
func TestPlaceIsACacheLine(t *testing.T) {
	if size := reflect.TypeFor[route.Place[func()]]().Size(); size > 64 {
		t.Errorf("a place takes %d bytes", size)
	}
}
