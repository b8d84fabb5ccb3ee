package protocoltest_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// BenchmarkWorkerCall: a call from a Go client through a node to a worker and back.
// The worker answers at once, by cutting the call's u out of its message.
func BenchmarkWorkerCall(b *testing.B) {
	s := testkit.Serve(b, mpreg.Config{})
	w := hire(b, s, `{"fun":"f"}`)
	testkit.Must(b, w.SetReadDeadline(time.Time{}))
	go func() {
		var answer []byte
		for {
			_, data, err := w.ReadMessage()
			if err != nil {
				return
			}
			_, rest, _ := bytes.Cut(data, []byte(`"u":"`))
			u, _, _ := bytes.Cut(rest, []byte(`"`))
			answer = append(append(append(answer[:0], `{"role":"internal-answer","u":"`...), u...), `","answer":{"name":"x","n":1}}`...)
			if w.WriteMessage(websocket.TextMessage, answer) != nil {
				return
			}
		}
	}()
	c := testkit.Connect(b, s.URL())
	for name, callers := range map[string]int{"one caller": 1, "64 callers": 64} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(callers)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, err := c.Call(b.Context(), "f", 1); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
