package mpreg

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/mpreg/mpreg/internal/wire"
)

// DefaultPort is the port of a node that is configured by its environment and
// finds no MPREG_PORT there, and of the command line's default URL.
const DefaultPort = 6747

// DefaultClusterID is the cluster of nodes that were not told another.
const DefaultClusterID = "default-cluster"

// Config is what a node has to be told. The zero Config is a node on a free
// port of 127.0.0.1. For limits and times zero means the default and a
// negative value none, except where the comment says otherwise.
type Config struct {
	// Host is the address to listen on. Default 127.0.0.1: to be reached from
	// other machines is a decision, and one that wants an authenticator.
	Host string `env:"HOST" validate:"omitempty,hostname_rfc1123|ip"`

	// Port to listen on; 0 picks a free one, as net.Listen does. From the
	// environment the default is DefaultPort.
	Port int `env:"PORT" validate:"gte=0,lte=65535"`

	// Name is the node's name in logs, errors and listings. Default: the host's
	// name and the end of the node's id.
	Name string `env:"NAME" validate:"max=256"`

	// ClusterID must be the same for all nodes of a cluster; a client's is
	// checked if it states one. Default: DefaultClusterID.
	ClusterID string `env:"CLUSTER_ID" validate:"max=256"`

	// Resources are locs that every function of this node offers besides its
	// own.
	Resources []string `env:"RESOURCES" validate:"max=256,dive,required,max=256"`

	// Peers are the websocket URLs of other nodes of the cluster: one that is up is
	// enough, through it the node learns of all others. They are dialed in the
	// background, and again while nobody is there, with delays of up to 10 s. A URL
	// that leads back to the node itself is no error, so that all can have one
	// list. The host name of dns+ws://name:port or dns+wss://name:port stands for
	// all its addresses, and is looked up again every 30 s: a headless service of
	// Kubernetes.
	Peers []string `env:"PEERS" validate:"dive,nouser,url,startswith=ws://|startswith=wss://|startswith=dns+ws://|startswith=dns+wss://"`

	// AdvertisedURLs are the URLs by which others reach this node, the best
	// first: all are tried. Default: what it listens on; if that is all addresses
	// of the host, such as 0.0.0.0, its addresses that are not loopback.
	AdvertisedURLs []string `env:"ADVERTISED_URLS" validate:"max=64,dive,nouser,url,max=2048,startswith=ws://|startswith=wss://"`

	// Unreachable says that no other node can dial this one, which is behind NAT
	// or a firewall: it advertises no URL, and is called over the links that it
	// opens itself.
	Unreachable bool `env:"UNREACHABLE"`

	// AllowedOrigins are the web origins whose pages may connect besides the
	// node's own, such as https://app.example.com, without a path; "*" means
	// any. The node's own are its IP addresses, localhost, and the hosts of its
	// AdvertisedURLs. Programs that are no browser send no origin and are not
	// concerned.
	AllowedOrigins []string `env:"ALLOWED_ORIGINS" validate:"dive,origin"`

	// Compression accepts permessage-deflate from clients that offer it. It
	// costs CPU and some 64 KiB a link, so it is off by default.
	Compression bool `env:"COMPRESSION"`

	// MaxMessageBytes bounds a message, after decompression, in either
	// direction, and a value that references build up. Default 64 MiB, as of every
	// node and client: raise it at both ends, a client's by [WithMaxMessageBytes].
	// With less than 512 B no two ends could even greet each other.
	MaxMessageBytes int64 `env:"MAX_MESSAGE_BYTES" validate:"lte=0|gte=512"`

	// MaxQueueBytes bounds what waits to be written to one link. Who answers
	// waits for room; a peer that does not read loses its link after
	// WriteTimeout. Default 16 MiB; a message always fits into an empty queue.
	MaxQueueBytes int `env:"MAX_QUEUE_BYTES"`

	// MaxLinks bounds the links that are open at a time; a further one is
	// refused with HTTP status 503. Default 16,384.
	MaxLinks int `env:"MAX_LINKS"`

	// MaxInFlight bounds the requests that run on this node at a time, and
	// MaxInFlightPerLink those of one link; a further one is refused at once
	// with resource_exhausted. Defaults 65,536 and 4,096.
	MaxInFlight        int `env:"MAX_IN_FLIGHT"`
	MaxInFlightPerLink int `env:"MAX_IN_FLIGHT_PER_LINK"`

	// MaxInFlightBytes bounds the messages of the requests that run on this node,
	// together: each is held as long as its request runs. Refused as above; a
	// node at rest takes one of any allowed size. A message that is still being
	// read is not counted: each link can hold one. Default 1 GiB.
	MaxInFlightBytes int64 `env:"MAX_IN_FLIGHT_BYTES"`

	// KeepBytes is the size of a result, in bytes, above which it stays at the node
	// that made it, if only other commands of its request need it: these fetch it
	// there. Default 64 KiB; negative has all results go by way of the coordinator.
	KeepBytes int64 `env:"KEEP_BYTES"`

	// LeaseMemoryBytes bounds the results that this node holds so in memory; more go
	// to temporary files, in os.TempDir. MaxLeaseBytes bounds both together; more are
	// sent to the coordinator. Defaults 256 MiB and 4 GiB.
	LeaseMemoryBytes int64 `env:"LEASE_MEMORY_BYTES"`
	MaxLeaseBytes    int64 `env:"MAX_LEASE_BYTES"`

	// MaxParallel bounds the commands of one request that run at a time; others
	// wait for their turn. Default 256.
	MaxParallel int `env:"MAX_PARALLEL"`

	// HandshakeTimeout bounds the time until the HTTP request of a new connection
	// was read and answered, the authenticator's look at it included, and then until
	// it has said HELLO in the binary protocol or, where there is an authenticator,
	// has shown a token in JSON. Default 10 s.
	HandshakeTimeout time.Duration `env:"HANDSHAKE_TIMEOUT"`

	// SendBufferBytes is the size of the system's send buffer of a link that
	// carries frames. What is in it can't be overtaken: a small one keeps calls
	// quick while large values go over the same link, and bounds these to so many
	// bytes a round trip. Raise it for large values between continents. Default
	// 128 KiB; negative for the system's choice.
	SendBufferBytes int `env:"SEND_BUFFER_BYTES"`

	// WriteTimeout bounds one write to a link; a link whose peer takes nothing
	// for so long is dropped. Default 10 s.
	WriteTimeout time.Duration `env:"WRITE_TIMEOUT"`

	// PingInterval is the silence after which a peer is asked for a sign of
	// life, and PingTimeout what it then has until the link is dropped.
	// Defaults 15 s and 10 s. A negative PingInterval never asks.
	PingInterval time.Duration `env:"PING_INTERVAL"`
	PingTimeout  time.Duration `env:"PING_TIMEOUT"`

	// DrainTimeout bounds the time that running requests have to end once Serve
	// was told to stop; Serve returns within a second of it. What stops the process
	// should wait longer. Default 30 s; negative waits for as long as it takes.
	DrainTimeout time.Duration `env:"DRAIN_TIMEOUT"`
}

// validate is built on first use, as validator caches what it learns.
var validate = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			return ""
		}
		return name
	})
	for tag, rule := range map[string]validator.Func{"origin": isOrigin, "nouser": namesNoUser} {
		if err := v.RegisterValidation(tag, rule); err != nil {
			panic(err) // the name is empty: it is not
		}
	}
	return v
})

// isOrigin is the rule for a web origin as browsers send it, or "*".
func isOrigin(f validator.FieldLevel) bool {
	text := f.Field().String()
	u, err := url.Parse(text)
	return text == "*" || err == nil && u.Host != "" && strings.EqualFold(text, u.Scheme+"://"+u.Host)
}

// namesNoUser is the rule for a URL that does not hasUser.
func namesNoUser(f validator.FieldLevel) bool { return !hasUser(f.Field().String()) }

func (c *Config) validate() error {
	err := validate().Struct(c)
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) {
		return err
	}
	problems := make([]error, 0, len(fields))
	for _, f := range fields {
		field, index, _ := strings.Cut(f.StructField(), "[")
		at := ""
		if index != "" {
			at = " (entry " + strings.TrimSuffix(index, "]") + ")"
		}
		problems = append(problems, fmt.Errorf("mpreg: Config.%s%s, in the environment %s: %s",
			field, at, variable(field), complaint(f)))
	}
	return errors.Join(problems...)
}

// complaint says what is wrong with a value.
func complaint(f validator.FieldError) string {
	switch tag := f.ActualTag(); {
	case tag == "nouser":
		return userInURL
	case tag == "url" || strings.HasPrefix(tag, "startswith"):
		return fmt.Sprintf("%v is no URL of a node: it looks like ws://host:port or wss://host/path", f.Value())
	default:
		return fmt.Sprintf("%v does not fit the rule %q", f.Value(), strings.TrimSuffix(tag+"="+f.Param(), "="))
	}
}

// withDefaults returns c with every limit and time that is not set at its
// default, and those that are negative out of the way.
func (c Config) withDefaults() Config {
	c.Host = cmp.Or(c.Host, "127.0.0.1")
	c.ClusterID = cmp.Or(c.ClusterID, DefaultClusterID)
	limit(&c.MaxMessageBytes, wire.MaxMessage)
	limit(&c.MaxQueueBytes, 16<<20)
	limit(&c.MaxLinks, 16_384)
	limit(&c.MaxInFlight, 65_536)
	limit(&c.MaxInFlightPerLink, 4_096)
	limit(&c.MaxInFlightBytes, 1<<30)
	limit(&c.KeepBytes, 64<<10)
	limit(&c.LeaseMemoryBytes, 256<<20)
	limit(&c.MaxLeaseBytes, 4<<30)
	limit(&c.MaxParallel, 256)
	limit(&c.HandshakeTimeout, 10*time.Second)
	limit(&c.WriteTimeout, 10*time.Second)
	limit(&c.PingInterval, 15*time.Second)
	limit(&c.PingTimeout, 10*time.Second)
	limit(&c.DrainTimeout, 30*time.Second)
	return c
}

// limit puts the default in the place of zero. In the place of "none", and of what
// nobody reaches, it puts an eighth of the largest number, so that sums and the
// multiples of MaxMessageBytes that a link works with don't overflow.
func limit[T int | int64 | time.Duration](p *T, byDefault T) {
	var most int64 = math.MaxInt64 / 8
	if int64(T(most)) != most { // an int of 32 bits
		most = math.MaxInt32 / 8
	}
	switch {
	case *p == 0:
		*p = byDefault
	case *p < 0 || int64(*p) > most:
		*p = T(most)
	}
}
