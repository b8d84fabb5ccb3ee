package doctest_test

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/mpreg/mpreg"
)

func Example_nodes() {
	server, err := mpreg.NewServer(mpreg.Config{Name: "b", Peers: []string{"ws://10.0.0.1:6747"}})
	fmt.Println(server.Name(), err)

	b, client, stop := serve(mpreg.Config{Name: "b"})
	defer stop()
	check(b.Register("whoami", func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node }))
	{
		name, err := mpreg.Call[string](ctx, client.With(mpreg.OnNode("b")), "whoami")
		fmt.Println(name, err)
	}
	for r, err := range mpreg.CallAll[string](ctx, client, "whoami") {
		fmt.Println(r.Node, r.Value, err) // as they answer
	}
	// Output:
	// b <nil>
	// b <nil>
	// b b <nil>
}

func Example_options() {
	server, _, stop := serve(mpreg.Config{})
	defer stop()
	price := func(item string) int { return len(item) }
	render := func(page int) int { return page }
	{
		err := server.Register("price", mpreg.Func(price, mpreg.Idempotent()))
		check(err)
	}
	{
		err := server.Register("render", mpreg.Func(render, mpreg.MaxConcurrent(4), mpreg.MaxQueued(16)))
		check(err)
	}
	{
		client := mpreg.NewClient("ws://a:6747,ws://b:6747") // fails over, for what did not begin
		reader := client.With(mpreg.Idempotent())            // and for what may have
		check(reader.Close())
	}
	fmt.Println(server.Describe("price")[0].Idempotent, server.Describe("render")[0].Idempotent)
	// Output: true false
}

// advice tells a caller what to do about an error.
func advice(err error) string {
	var e *mpreg.Error
	switch {
	case errors.Is(err, mpreg.NotFound): // nobody offers it now, or not with these locs
		return "later"
	case errors.Is(err, context.DeadlineExceeded): // also mpreg.DeadlineExceeded
		return "give it longer"
	case errors.As(err, &e) && e.Executed == mpreg.ExecutedNo: // it surely did not start
		return "again"
	}
	return "look"
}

func Example_errors() {
	server, client, stop := serve(mpreg.Config{Name: "a"})
	defer stop()
	check(server.Register("predict", func(context.Context) error { return mpreg.Errorf(2001, "out of %s", "paper") }, "model-a"))
	check(server.Register("wait", func(ctx context.Context) { <-ctx.Done() }))
	check(server.Register("double", func(x int) int { return 2 * x }))

	_, err := client.With(mpreg.At("tpu")).Call(ctx, "predict")
	fmt.Println(advice(err), err)
	brief, cancel := context.WithTimeout(ctx, 1)
	defer cancel()
	_, err = client.Call(brief, "wait")
	fmt.Println(advice(err))
	_, err = client.Call(ctx, "double", "x")
	fmt.Println(advice(err))
	_, err = client.Call(ctx, "predict")
	fmt.Println(advice(err), err)
	// Output:
	// later mpreg: not_found: no node offers the function "predict" with the locs ["tpu"]: the closest offer is with the locs ["model-a"] and lacks ["tpu"] (function "predict", node "a", not executed)
	// give it longer
	// again
	// look mpreg: code 2001: out of paper (function "predict", node "a", executed)
}

func Example_strangers() {
	trusted := httptest.NewTLSServer(nil) // has a certificate for 127.0.0.1
	defer trusted.Close()
	certificates, token, cfg := trusted.TLS.Certificates, "secret", mpreg.Config{}

	server, err := mpreg.NewServer(cfg,
		mpreg.WithTLS(&tls.Config{Certificates: certificates}),
		mpreg.WithToken(token), // what this node shows to its peers
		mpreg.WithAuthenticator(func(ctx context.Context, c mpreg.Credentials) (mpreg.Identity, error) {
			if subtle.ConstantTimeCompare([]byte(c.Token), []byte(token)) == 0 {
				return mpreg.Identity{}, errors.New("not our token")
			}
			return mpreg.Identity{Name: "ops", Node: true}, nil
		}),
		mpreg.WithAuthorizer(func(ctx context.Context, call *mpreg.Invocation) error {
			if caller := mpreg.InfoFromContext(ctx).Identity.Name; caller != "ops" {
				return fmt.Errorf("%s is not for %q", call.Function, caller)
			}
			return nil
		}),
	)

	check(err)
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	check(server.Ready(ctx))
	roots := x509.NewCertPool()
	roots.AddCert(trusted.Certificate())
	for _, shown := range []string{token, "another"} {
		client := mpreg.NewClient(server.URL(), quiet, mpreg.WithToken(shown), mpreg.WithTLS(&tls.Config{RootCAs: roots}))
		v, err := client.Call(ctx, "echo", 1)
		fmt.Println(v, errors.Is(err, mpreg.Unauthenticated))
		check(client.Close())
	}
	stop()
	fmt.Println(<-served)
	// Output:
	// 1 false
	// null true
	// <nil>
}
