package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPointer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune("a~/01é"))), 1, 5).Draw(t, "tokens")
		got, err := parsePointer(formatPointer(tokens...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tokens, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", formatPointer(tokens...), diff)
		}
	})
}

func FuzzPointer(f *testing.F) {
	for _, seed := range []string{"", "/", "/a~0~1", "/~", "/~2", "a", "//", "/~01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pointer string) {
		tokens, err := parsePointer(pointer)
		if err == nil && formatPointer(tokens...) != pointer {
			t.Errorf("%q is read as %q", pointer, tokens)
		}
	})
}
