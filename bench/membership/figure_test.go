package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	of := func(values ...float64) (figures []figure) {
		for _, v := range values { // a negative one: more than that
			figures = append(figures, figure{max(v, -v), v < 0})
		}
		return figures
	}
	for _, row := range []struct {
		in   []figure
		want figure
	}{
		{of(3), figure{3, false}},
		{of(3, 1, 2), figure{2, false}},
		{of(4, 1, 2, 3), figure{2.5, false}},
		{of(-30, 1, 2), figure{2, false}},
		{of(-30, 40, -30), figure{30, true}},
		{of(-30, 10), figure{20, true}},
	} {
		if got, ok := median(row.in); got != row.want || !ok {
			t.Errorf("%v: got %v, %v, want %v", row.in, got, ok, row.want)
		}
	}
	if got, ok := median(nil); ok {
		t.Errorf("of nothing: %v", got)
	}
}

func TestShow(t *testing.T) {
	for _, row := range []struct{ got, want string }{
		{took(1234 * time.Microsecond).show(seconds), "1.23 ms"},
		{took(12340 * time.Microsecond).show(seconds), "12.3 ms"},
		{took(12340 * time.Millisecond).show(seconds), "12.3 s"},
		{took(123 * time.Second).show(seconds), "123 s"},
		{notIn(30 * time.Second).show(seconds), "> 30.0 s"},
		{figure{value: 0.00123}.show(percent), "0.123 %"},
		{figure{value: 999}.show(data), "999 B"},
		{figure{value: 12345}.show(rate), "12.3 kB/s"},
		{figure{value: 2.5e6}.show(data), "2.50 MB"},
		{figure{value: 3}.show(count), "3"},
		{figure{value: 9.04}.show(tenths), "9.0"},
		{figure{value: 3}.ratio(figure{value: 2}), "1.50 ×"},
		{figure{value: 3}.ratio(figure{value: 30, over: true}), "< 0.1 ×"},
		{figure{value: 3, over: true}.ratio(figure{value: 30}), none},
		{figure{value: 3}.ratio(figure{}), none},
	} {
		if row.got != row.want {
			t.Errorf("got %q, want %q", row.got, row.want)
		}
	}
}

func TestTable(t *testing.T) {
	a, b := &row{"a row", seconds}, &row{"another one", count}
	found := make(results)
	found.add(a, "mpreg", figure{value: 2})
	found.add(a, "mpreg", figure{value: 1})
	found.add(a, "mpreg", figure{value: 3})
	found.add(a, "memberlist", figure{value: 4, over: true})
	found.add(b, "memberlist", figure{value: 7})
	var out strings.Builder
	if err := found.write(&out, 10, []*row{a, b}); err != nil {
		t.Fatal(err)
	}
	want := `| 10 nodes    | mpreg  | memberlist | mpreg ÷ memberlist |
| ---         | ---:   | ---:       | ---:               |
| a row       | 2.00 s | > 4.00 s   | < 0.5 ×            |
| another one | –      | 7          | –                  |

`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestCatalogs(t *testing.T) {
	size := len(text(catalogOf(0)))
	if size < 7000 || size > 7500 {
		t.Errorf("a catalog has %d bytes, want about 7 kB", size)
	}
	if got := idealBytes(10); got != float64(90*size) {
		t.Errorf("10 nodes need %v bytes", got)
	}
	if catalogOf(0)[0] == catalogOf(1)[0] || catalogOf(0)[0] != catalogOf(datasets)[0] {
		t.Error("the datasets don't go round")
	}
	seen := make(map[offer]bool)
	for _, o := range catalogOf(3) {
		seen[o] = true
	}
	if len(seen) != offersPerNode {
		t.Errorf("%d different offers", len(seen))
	}
	for _, name := range []string{"", "node-", "node-x", "3"} {
		if node, err := nodeNumber(name); err == nil {
			t.Errorf("%q is taken for node %d", name, node)
		}
	}
	if node, err := nodeNumber(nodeName(17)); node != 17 || err != nil {
		t.Errorf("node 17 is %d, %v", node, err)
	}
}
