package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	table := table{title: "Title", columns: []string{"name", "p50, µs", "x"}}
	table.add("one", "1.00", "2.00 ×")
	table.add("longer name", none)
	var out strings.Builder
	if err := table.write(&out); err != nil {
		t.Fatal(err)
	}
	want := `Title

| name        | p50, µs |      x |
| ----------- | ------: | -----: |
| one         |    1.00 | 2.00 × |
| longer name |       – |        |

`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNumbers(t *testing.T) {
	for _, row := range []struct{ got, want string }{
		{number(0), "0.00"},
		{number(1.234), "1.23"},
		{number(12.34), "12.3"},
		{number(123.4), "123"},
		{number(999.6), "1,000"},
		{number(1234567), "1,234,567"},
		{number(100000), "100,000"},
		{ratio(3, 2), "1.50 ×"},
		{ratio(3, 0), none},
		{mebibytes(100 << 20), "100 MiB"},
		{mebibytes(1 << 19), "0.5 MiB"},
	} {
		if row.got != row.want {
			t.Errorf("got %q, want %q", row.got, row.want)
		}
	}
}

// TestEchoTables also shows what stands where there is no figure.
func TestEchoTables(t *testing.T) {
	of := func(p50 time.Duration) series { return series{{calls: 10, elapsed: time.Second, p50: p50}} }
	results := []*echoResult{
		{contender: contender{name: "a", ours: true}, one: of(20 * time.Microsecond), many: of(0)},
		{contender: contender{name: baseline}, one: of(40 * time.Microsecond), many: of(0)},
		{contender: contender{name: "c", lone: true}, one: of(10 * time.Microsecond)},
	}
	main := echoTable(results)
	for i, want := range [][]string{
		{"a", "20.0", "0.50 ×", "0.00", "10.0", "1.00 ×"},
		{baseline, "40.0", "1.00 ×", "0.00", "10.0", "1.00 ×"},
		{"c", "10.0", "0.25 ×", "0.00", none, none},
	} {
		if got := main.rows[i][:len(want)]; !slices.Equal(got, want) {
			t.Errorf("row %d: got %q, want %q", i, got, want)
		}
	}
	ratios := echoRatios(results)
	if len(ratios) != 2 {
		t.Fatalf("%d tables of ratios", len(ratios))
	}
	for i, want := range [][]string{{"a", "0.50 ×", "2.00 ×"}, {"a", "1.00 ×"}} {
		if got := ratios[i].rows; len(got) != 1 || !slices.Equal(got[0], want) {
			t.Errorf("ratios %d: got %q, want %q", i, got, want)
		}
	}
	if got := echoRatios(results[1:]); len(got) != 0 {
		t.Errorf("none of ours was measured, and is compared: %v", got)
	}
}

func TestChoose(t *testing.T) {
	for _, row := range []struct {
		pattern string
		want    string
	}{
		{"^relay/", "relay:client → B,client → A → B"},
		{"^echo/mpreg cbor$|^bulk/nothing", "echo:mpreg cbor bulk:nothing"},
	} {
		chosen, err := choose(row.pattern)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range chosen {
			got = append(got, s.name+":"+strings.Join(s.rows, ","))
		}
		if got := strings.Join(got, " "); got != row.want {
			t.Errorf("%s: got %q, want %q", row.pattern, got, row.want)
		}
	}
}
