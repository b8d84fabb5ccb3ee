package clustertest_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestProviders: each node knows who can be asked for a function and some locs,
// itself included; nobody is no error.
func TestProviders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			switch i {
			case 0:
				return s.Register("f", func() {}, "a")
			case 1:
				return s.Register("f", func() {}, "a", "b")
			default:
				return s.Register("g", func() {})
			}
		}))
		all := make([]mpreg.Provider, 3)
		for i := range all {
			all[i] = mpreg.Provider{ID: c.Node(i).Server().ID(), Name: c.Node(i).Name()}
		}
		for _, row := range []struct {
			args []any
			want []mpreg.Provider
		}{
			{[]any{"f"}, all[:2]},
			{[]any{"f", "a"}, all[:2]},
			{[]any{"f", "b", "a"}, all[1:2]},
			{[]any{"f", "c"}, []mpreg.Provider{}},
			{[]any{"g"}, all[2:]},
			{[]any{"h"}, []mpreg.Provider{}},
			{[]any{"echo"}, all},
			{[]any{"echo", "a"}, []mpreg.Provider{}},
		} {
			for i := range all {
				got, err := mpreg.Call[[]mpreg.Provider](t.Context(), c.Node(i).Server().Client(), "mpreg.providers", row.args...)
				testkit.Must(t, err)
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Errorf("node %d: %v (-want +got):\n%s", i, row.args, diff)
				}
			}
		}
	})
}
