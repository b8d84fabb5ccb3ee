package clustertest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestAnonymousStaysAnonymous: who has no identity does not get that of the node
// that passes its call on, nor does that node itself.
func TestAnonymousStaysAnonymous(t *testing.T) {
	auth := func(_ context.Context, c mpreg.Credentials) (mpreg.Identity, error) {
		if c.Token == "node" {
			return mpreg.Identity{Name: "node-a", Claims: map[string]string{"role": "admin"}, Node: true}, nil
		}
		return mpreg.Identity{}, errors.New("no")
	}
	b := testkit.Serve(t, mpreg.Config{Name: "b"}, mpreg.WithAuthenticator(auth))
	testkit.Must(t, b.Register("whoami", func(ctx context.Context) mpreg.Identity { return mpreg.InfoFromContext(ctx).Identity }))
	a := testkit.Serve(t, mpreg.Config{Name: "a", Peers: []string{b.URL()}}, mpreg.WithToken("node"))
	testkit.Acquainted(t, a, b)
	if _, err := testkit.Connect(t, b.URL()).Call(t.Context(), "whoami"); !errors.Is(err, mpreg.Unauthenticated) {
		t.Errorf("anonymous at b: %v", err)
	}
	for who, c := range map[string]*mpreg.Client{"an anonymous client of a": testkit.Connect(t, a.URL()), "a itself": a.Client()} {
		got, err := mpreg.Call[mpreg.Identity](t.Context(), c, "whoami")
		testkit.Must(t, err)
		if got.Name != "" || len(got.Claims) > 0 || got.Node {
			t.Errorf("%s is, at b, %+v", who, got)
		}
	}
}
