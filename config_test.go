package mpreg_test

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// environment makes variables the whole of what a test's ConfigFromEnv sees,
// with the text of a file .env, if it is not empty.
func environment(t *testing.T, file string, variables map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "MPREG_") {
			t.Setenv(name, value) // so that it is restored
			testkit.Must(t, os.Unsetenv(name))
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
	if file != "" {
		testkit.Must(t, os.WriteFile(".env", []byte(file), 0o600))
	}
}

// TestConfigFromEnv: each variable sets its field, and none is forgotten.
func TestConfigFromEnv(t *testing.T) {
	environment(t, "", map[string]string{
		"MPREG_HOST":                   "0.0.0.0",
		"MPREG_PORT":                   "7000",
		"MPREG_NAME":                   "n1",
		"MPREG_CLUSTER_ID":             "c1",
		"MPREG_RESOURCES":              "gpu,dataset v2",
		"MPREG_PEERS":                  "ws://a:1,wss://b/mpreg",
		"MPREG_ADVERTISED_URLS":        "wss://me.example/x",
		"MPREG_ALLOWED_ORIGINS":        "https://app.example.com,*",
		"MPREG_COMPRESSION":            "true",
		"MPREG_MAX_MESSAGE_BYTES":      "1000000",
		"MPREG_MAX_QUEUE_BYTES":        "2000000",
		"MPREG_MAX_LINKS":              "3",
		"MPREG_MAX_IN_FLIGHT":          "4",
		"MPREG_MAX_IN_FLIGHT_PER_LINK": "5",
		"MPREG_MAX_PARALLEL":           "-1",
		"MPREG_HANDSHAKE_TIMEOUT":      "1m30s",
		"MPREG_WRITE_TIMEOUT":          "6s",
		"MPREG_PING_INTERVAL":          "-1s",
		"MPREG_PING_TIMEOUT":           "7ms",
		"MPREG_DRAIN_TIMEOUT":          "8s",
		"MPREG_UNREACHABLE":            "true",
		"MPREG_MAX_IN_FLIGHT_BYTES":    "6",
		"MPREG_KEEP_BYTES":             "7",
		"MPREG_LEASE_MEMORY_BYTES":     "8",
		"MPREG_MAX_LEASE_BYTES":        "9",
		"MPREG_SEND_BUFFER_BYTES":      "10",
		"PORT":                         "9999", // somebody else's
	})
	got, err := mpreg.ConfigFromEnv()
	testkit.Must(t, err)
	for i, v := range reflect.ValueOf(got).Fields() {
		if v.IsZero() {
			t.Errorf("%s: this test sets no variable for it", i.Name)
		}
	}
	want := mpreg.Config{
		Host: "0.0.0.0", Port: 7000, Name: "n1", ClusterID: "c1",
		Resources:      []string{"gpu", "dataset v2"},
		Peers:          []string{"ws://a:1", "wss://b/mpreg"},
		AdvertisedURLs: []string{"wss://me.example/x"},
		AllowedOrigins: []string{"https://app.example.com", "*"},
		Compression:    true, MaxMessageBytes: 1e6, MaxQueueBytes: 2e6,
		MaxLinks: 3, MaxInFlight: 4, MaxInFlightPerLink: 5, MaxParallel: -1,
		HandshakeTimeout: 90 * time.Second, WriteTimeout: 6 * time.Second, PingInterval: -time.Second,
		PingTimeout: 7 * time.Millisecond, DrainTimeout: 8 * time.Second,
		Unreachable: true, MaxInFlightBytes: 6, KeepBytes: 7, LeaseMemoryBytes: 8, MaxLeaseBytes: 9, SendBufferBytes: 10,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestConfigSources: a variable wins over the file .env; without either there
// are the defaults.
func TestConfigSources(t *testing.T) {
	for name, row := range map[string]struct {
		file      string
		variables map[string]string
		want      mpreg.Config
	}{
		"nothing":       {"", nil, mpreg.Config{Port: mpreg.DefaultPort}},
		"port 0":        {"", map[string]string{"MPREG_PORT": "0"}, mpreg.Config{Port: 0}},
		"a file":        {"MPREG_PORT=1\n# a comment\nexport MPREG_NAME=\"from file\"\n", nil, mpreg.Config{Port: 1, Name: "from file"}},
		"both":          {"MPREG_PORT=1\nMPREG_NAME=file\n", map[string]string{"MPREG_PORT": "2"}, mpreg.Config{Port: 2, Name: "file"}},
		"other entries": {"PASSWORD=x\n", nil, mpreg.Config{Port: mpreg.DefaultPort}},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, row.file, row.variables)
			got, err := mpreg.ConfigFromEnv()
			testkit.Must(t, err)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(row.file) > 0 && os.Getenv("MPREG_NAME") != "" {
				t.Error("the file went into the process's environment")
			}
		})
	}
}

// TestConfigFromEnvRefuses: the error names the variable, as an operator knows
// it, and what is wrong with it.
func TestConfigFromEnvRefuses(t *testing.T) {
	for _, row := range []struct{ variable, value, says string }{
		{"MPREG_PORT", "abc", `"abc"`},
		{"MPREG_PORT", "-1", "-1"},
		{"MPREG_PORT", "65536", "65536"},
		{"MPREG_PORT", "99999999999999999999", "out of range"},
		{"MPREG_PEERS", "not a url", "not a url"},
		{"MPREG_PEERS", "ws://a:1,http://b", "http://b"},
		{"MPREG_ADVERTISED_URLS", "ftp://x", "ftp://x"},
		{"MPREG_ALLOWED_ORIGINS", "example", "example"},
		{"MPREG_DRAIN_TIMEOUT", "soon", `"soon"`},
		{"MPREG_DRAIN_TIMEOUT", "30", "missing unit"},
		{"MPREG_COMPRESSION", "maybe", `"maybe"`},
		{"MPREG_MAX_LINKS", "1.5", `"1.5"`},
		{"MPREG_MAX_MESSAGE_BYTES", "64MiB", `"64MiB"`},
		{"MPREG_MAX_MESSAGE_BYTES", "511", "511"},
		{"MPREG_PEERS", "ws://root@a", "WithToken"},
		{"MPREG_HOST", "not a host", "not a host"},
		{"MPREG_NAME", strings.Repeat("n", 257), "256"},
		{"MPREG_RESOURCES", "a,,b", "entry 1"},
	} {
		t.Run(row.variable+"="+row.value[:min(len(row.value), 20)], func(t *testing.T) {
			for source, set := range map[string]func(){
				"variable": func() { environment(t, "", map[string]string{row.variable: row.value}) },
				"file":     func() { environment(t, row.variable+`="`+row.value+`"`, nil) },
			} {
				set()
				_, err := mpreg.ConfigFromEnv()
				if err == nil || !strings.Contains(err.Error(), row.variable) || !strings.Contains(err.Error(), row.says) {
					t.Errorf("%s: want %s and %q, got %v", source, row.variable, row.says, err)
				}
				testkit.Must(t, os.Unsetenv(row.variable))
			}
		})
	}
	t.Run("a file that is none", func(t *testing.T) {
		environment(t, "", nil)
		testkit.Must(t, os.Mkdir(".env", 0o700))
		if _, err := mpreg.ConfigFromEnv(); err == nil || !strings.Contains(err.Error(), ".env") {
			t.Errorf("got %v", err)
		}
	})
}

// TestDotEnvRefused: the error says where to look, and does not quote the file: it
// has passwords that are none of the log's business.
func TestDotEnvRefused(t *testing.T) {
	for name, row := range map[string]struct {
		file string
		line int
	}{
		"something else":              {"{\"port\": 1}\n", 1},
		"a line that is none":         {"MPREG_PORT=1\n{} hunter2\nPASSWORD=hunter2\n", 2},
		"a quote that does not end":   {"A=1\nB=2\nPASSWORD=\"hunter2\n", 3},
		"behind a value of two lines": {"A=\"one\ntwo\"\n{} hunter2\n", 3},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, row.file, nil)
			_, err := mpreg.ConfigFromEnv()
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf(".env: line %d ", row.line)) {
				t.Fatalf("want line %d: %v", row.line, err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it tells a secret: %v", err)
			}
		})
	}
}

// TestNewServerRefuses: every field that is wrong is named, all at once.
func TestNewServerRefuses(t *testing.T) {
	_, err := mpreg.NewServer(mpreg.Config{
		Host: "a b", Port: 70_000, Name: strings.Repeat("n", 257), Peers: []string{"ws://fine", "http://x"},
		AdvertisedURLs: []string{"x"}, AllowedOrigins: []string{"x"}, Resources: []string{""},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, says := range []string{
		"Config.Host", "Config.Port", "70000", "Config.Name", "Config.Peers (entry 1)", "http://x", "MPREG_PEERS",
		"Config.AdvertisedURLs (entry 0)", "Config.AllowedOrigins", "Config.Resources",
	} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("want %q in:\n%v", says, err)
		}
	}
	for _, cfg := range []mpreg.Config{
		{Resources: []string{"a\nb"}},
		{Resources: []string{strings.Repeat("r", 300)}},
	} {
		if _, err := mpreg.NewServer(cfg); err == nil || !strings.Contains(strings.ToLower(err.Error()), "resources") {
			t.Errorf("%q: %v", cfg.Resources, err)
		}
	}
	for _, host := range []string{"", "127.0.0.1", "::1", "localhost", "node-1.example.com"} {
		if _, err := mpreg.NewServer(mpreg.Config{Host: host}); err != nil {
			t.Errorf("host %q: %v", host, err)
		}
	}
}

// TestConfigEndless: a node works whose limits and times are so large that their sums
// and multiples are no numbers, and its client too.
func TestConfigEndless(t *testing.T) {
	var cfg mpreg.Config
	for i, v := range reflect.ValueOf(&cfg).Elem().Fields() {
		if v.CanInt() && i.Name != "Port" {
			v.SetInt(math.MaxInt64)
		}
	}
	s := testkit.Serve(t, cfg)
	for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
		client := testkit.Connect(t, s.URL(), mpreg.WithCodec(c), mpreg.WithMaxMessageBytes(math.MaxInt64))
		text := strings.Repeat("x", 1<<20)
		got, err := mpreg.Call[string](t.Context(), client, "echo", text)
		if err != nil || got != text {
			t.Errorf("%s: %d bytes came back, %v", c.Name(), len(got), err)
		}
	}
	testkit.Dial(t, s.URL(), websocket.Dialer{}).Alive()
}

// TestConfigNone: a negative limit or time is none, and a node with none at all
// works and drains.
func TestConfigNone(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{
		MaxMessageBytes: -1, MaxQueueBytes: -1, MaxLinks: -1, MaxInFlight: -1, MaxInFlightPerLink: -1, MaxParallel: -1,
		HandshakeTimeout: -1, WriteTimeout: -1, PingInterval: -1, PingTimeout: -1, DrainTimeout: -1,
	})
	c := testkit.Connect(t, s.URL(), mpreg.WithMaxMessageBytes(-1))
	text := strings.Repeat("x", 1<<20)
	got, err := mpreg.Call[string](t.Context(), c, "echo", text)
	if err != nil || got != text {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
}
