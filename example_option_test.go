package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

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
