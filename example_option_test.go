package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

// Around a server's functions an interceptor sees every command that the node
// executes. This one keeps strangers out.
func ExampleInterceptor() {
	members := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			if inv.Headers["member"] == "" {
				return mpreg.Value{}, mpreg.Errorf(mpreg.PermissionDenied, "%s is for members", inv.Function)
			}
			return next(ctx, inv)
		}
	}
	node, stop := startNode(map[string]any{"upper": strings.ToUpper}, mpreg.WithInterceptors(members))
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()
	ctx := context.Background()

	_, err := client.Call(ctx, "upper", "hello")
	fmt.Println(err)
	fmt.Println(client.With(mpreg.Header("member", "yes")).Call(ctx, "upper", "hello"))
	// Output:
	// mpreg: permission_denied: upper is for members (function "upper", node "node-1", not executed)
	// "HELLO" <nil>
}

// Around a client an interceptor sees its calls where they are made. This one
// repeats those that the node surely did not execute, and numbers the attempts.
func ExampleInterceptor_client() {
	retry := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			for attempt := 1; ; attempt++ {
				inv.Headers = map[string]string{"attempt": fmt.Sprint(attempt)}
				v, err := next(ctx, inv)
				e, ok := errors.AsType[*mpreg.Error](err)
				if !ok || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo || attempt == 3 {
					return v, err
				}
			}
		}
	}
	busy := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			if inv.Headers["attempt"] < "3" {
				return mpreg.Value{}, mpreg.Errorf(mpreg.Unavailable, "come back later")
			}
			return next(ctx, inv)
		}
	}
	node, stop := startNode(map[string]any{"upper": strings.ToUpper}, mpreg.WithInterceptors(busy))
	defer stop()
	client := mpreg.NewClient(node.URL(), mpreg.WithInterceptors(retry))
	defer client.Close()

	fmt.Println(client.Call(context.Background(), "upper", "hello"))
	// Output: "HELLO" <nil>
}

// A node that is mounted listens to nothing itself: it is a route of an HTTP
// server which has others. To stop, it drains first: the HTTP server does not
// wait for websockets.
func ExampleWithMount() {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "well") })
	web := httptest.NewServer(mux)
	defer web.Close()

	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/mpreg"
	node, stop := startNode(map[string]any{"upper": strings.ToUpper}, mpreg.WithMount(url))
	defer stop()
	mux.Handle("/mpreg", node)

	client := mpreg.NewClient(node.URL())
	defer client.Close()
	fmt.Println(client.Call(context.Background(), "upper", "hello"))
	fmt.Println(node.URL() == url)
	// Output:
	// "HELLO" <nil>
	// true
}

// An authenticator finds out who connects, an authorizer what they may call.
func ExampleWithAuthenticator() {
	tokens := map[string]string{"s3cret": "ada"}
	authenticate := func(_ context.Context, c mpreg.Credentials) (mpreg.Identity, error) {
		name, ok := tokens[c.Token]
		if !ok {
			return mpreg.Identity{}, errors.New("unknown token")
		}
		return mpreg.Identity{Name: name}, nil
	}
	authorize := func(ctx context.Context, inv *mpreg.Invocation) error {
		if name := mpreg.InfoFromContext(ctx).Identity.Name; inv.Function == "erase" && name != "root" {
			return fmt.Errorf("%s may not erase", name)
		}
		return nil
	}
	node, stop := startNode(map[string]any{"erase": func() {}},
		mpreg.WithAuthenticator(authenticate), mpreg.WithAuthorizer(authorize))
	defer stop()
	client := mpreg.NewClient(node.URL(), mpreg.WithToken("s3cret"))
	defer client.Close()
	ctx := context.Background()

	fmt.Println(client.Call(ctx, "echo", "hello"))
	_, err := client.Call(ctx, "erase")
	fmt.Println(err)
	// Output:
	// "hello" <nil>
	// mpreg: permission_denied: ada may not erase (function "erase", node "node-1", not executed)
}

// An observer sees the steps of a request while it runs.
func ExampleOnEvent() {
	node, stop := startNode(map[string]any{
		"upper": strings.ToUpper,
		"words": strings.Fields,
	})
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	r := mpreg.NewRequest()
	upper := r.Add("upper", "one node, one client")
	r.Add("words", upper)
	_, err := client.With(mpreg.OnEvent(func(e mpreg.Event) {
		fmt.Println(e.Command, e.Kind, e.Bytes)
	})).Do(context.Background(), r)
	fmt.Println(err)
	// Output:
	// upper started 0
	// upper finished 22
	// words started 0
	// words finished 30
	// <nil>
}

// One of two nodes takes its time. The other is asked after 10 ms, and the call
// of the first is canceled.
func ExampleHedge() {
	a, _, stop := startTwo("lookup", func(node string) any {
		return mpreg.Func(func(ctx context.Context, key string) (string, error) {
			if node == "a" {
				<-ctx.Done()
				return "", ctx.Err()
			}
			return "value of " + key, nil
		}, mpreg.Idempotent())
	})
	defer stop()
	client := mpreg.NewClient(a.URL()).With(mpreg.Hedge(10 * time.Millisecond))
	defer client.Close()

	fmt.Println(mpreg.Call[string](context.Background(), client, "lookup", "k"))
	// Output: value of k <nil>
}

// A call is made before there is who can answer it.
func ExampleWaitForRoute() {
	node, stop := startNode(nil)
	defer stop()
	client := mpreg.NewClient(node.URL())
	defer client.Close()

	_, err := client.Call(context.Background(), "upper", "hello")
	fmt.Println(errors.Is(err, mpreg.NotFound))

	time.AfterFunc(20*time.Millisecond, func() { _ = node.Register("upper", strings.ToUpper) })
	patient := client.With(mpreg.WaitForRoute(), mpreg.Timeout(time.Minute))
	fmt.Println(mpreg.Call[string](context.Background(), patient, "upper", "hello"))
	// Output:
	// true
	// HELLO <nil>
}

// The client has two nodes to choose from, and the one that it is connected to
// stops in the midst of the call. Nobody knows what that has done: only because it
// does no harm to do it twice does the client ask the other one.
func ExampleIdempotent() {
	started := make(chan struct{})
	first, stop := startStubborn(started)
	second, stopSecond := startNode(map[string]any{"put": func(key string) string { return "put " + key }})
	defer stopSecond()
	client := mpreg.NewClient(first.URL() + "," + second.URL())
	defer client.Close()

	go func() {
		<-started
		stop()
	}()
	fmt.Println(mpreg.Call[string](context.Background(), client.With(mpreg.Idempotent()), "put", "k"))
	// Output: put k <nil>
}
