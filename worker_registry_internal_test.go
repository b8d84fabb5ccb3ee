package mpreg

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

// payroll is the model of a registry that workers come to and leave: who offers what
// is one flat list.
type payroll struct {
	own   map[string]bool // what the program registered, by name and locs
	hands []handed
}

type handed struct {
	key    string
	worker int
	offer  wire.WorkerOffer
}

func offerKey(name string, locs []string) string { return name + " " + strings.Join(locs, " ") }

// join reports whether what a worker offers is taken, and takes it.
func (p *payroll) join(worker int, offers []wire.WorkerOffer) bool {
	for _, o := range offers {
		if p.own[offerKey(o.Function, o.Locs)] {
			return false
		}
	}
	for _, o := range offers {
		h := handed{offerKey(o.Function, o.Locs), worker, o}
		i := slices.IndexFunc(p.hands, func(x handed) bool { return x.key == h.key && x.worker == worker })
		if i >= 0 {
			p.hands[i] = h
		} else {
			p.hands = append(p.hands, h)
		}
	}
	return true
}

func (p *payroll) part(worker int, offers []wire.WorkerOffer) {
	p.hands = slices.DeleteFunc(p.hands, func(h handed) bool {
		return h.worker == worker && (len(offers) == 0 || slices.ContainsFunc(offers, func(o wire.WorkerOffer) bool {
			return o.Function == h.offer.Function && (len(o.Locs) == 0 || slices.Equal(o.Locs, h.offer.Locs))
		}))
	})
}

// offers lists what there is, as described does of a registry.
func (p *payroll) offers() map[string]string {
	list := make(map[string]string)
	for key := range p.own {
		list[key] = "() false \"\""
	}
	for _, h := range p.hands {
		idempotent, doc := true, ""
		for _, other := range p.hands {
			if other.key == h.key {
				idempotent = idempotent && other.offer.Idempotent
				if doc == "" {
					doc = other.offer.Doc
				}
			}
		}
		list[h.key] = fmt.Sprintf("(...any) any %t %q", idempotent, doc)
	}
	return list
}

func describedOffers(r *Registry) map[string]string {
	list := make(map[string]string)
	for _, o := range r.catalog().Functions {
		list[offerKey(o.Name, o.Locs)] = fmt.Sprintf("%s %t %q", o.Signature, o.Idempotent, o.Doc)
	}
	return list
}

// TestRegistryOfWorkers: workers come, change and leave, and the program registers
// and withdraws its own: what is offered is what each of them left there, and the
// cluster hears of each change, and of nothing else.
func TestRegistryOfWorkers(t *testing.T) {
	drawOffer := rapid.Custom(func(t *rapid.T) wire.WorkerOffer {
		return wire.WorkerOffer{
			Function:   rapid.SampledFrom([]string{"f", "g"}).Draw(t, "fun"),
			Locs:       rapid.SampledFrom([][]string{{}, {"a"}, {"a", "b"}}).Draw(t, "locs"),
			Idempotent: rapid.Bool().Draw(t, "idempotent"),
			Doc:        rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "doc"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		told := 0
		r := &Registry{changed: func() { told++ }}
		model := &payroll{own: map[string]bool{}}
		workers := make([]*worker, 3)
		for i := range workers {
			workers[i] = &worker{crews: make(map[*crew]struct{})}
		}
		step := func(change func()) {
			before, toldBefore := describedOffers(r), told
			change()
			now := describedOffers(r)
			if diff := cmp.Diff(model.offers(), now); diff != "" {
				t.Fatalf("(-model +registry):\n%s", diff)
			}
			if changed := !cmp.Equal(before, now); changed != (told > toldBefore) {
				t.Fatalf("changed %t, told %d times", changed, told-toldBefore)
			}
			for i, w := range workers {
				if n := len(slices.DeleteFunc(slices.Clone(model.hands), func(h handed) bool { return h.worker != i })); n != len(w.crews) {
					t.Fatalf("worker %d is in %d crews, want %d", i, len(w.crews), n)
				}
			}
			if len(r.crews) > 0 && len(model.hands) == 0 {
				t.Fatalf("%d crews are left", len(r.crews))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				i := rapid.IntRange(0, 2).Draw(t, "worker")
				offers := rapid.SliceOfN(drawOffer, 0, 4).Draw(t, "offers")
				step(func() {
					if err := r.enlist(workers[i], offers, maxOfferBytes); (err == nil) != model.join(i, offers) {
						t.Fatalf("got %v", err)
					}
				})
			},
			"part": func(t *rapid.T) {
				i := rapid.IntRange(0, 2).Draw(t, "worker")
				offers := rapid.SliceOfN(drawOffer, 0, 2).Draw(t, "offers")
				step(func() {
					r.dismiss(workers[i], offers)
					model.part(i, offers)
				})
			},
			"register": func(t *rapid.T) {
				o := drawOffer.Draw(t, "offer")
				key := offerKey(o.Function, o.Locs)
				step(func() {
					_, taken := model.offers()[key]
					if err := r.Register(o.Function, func() {}, o.Locs...); (err == nil) == taken {
						t.Fatalf("got %v", err)
					}
					if !taken {
						model.own[key] = true
					}
				})
			},
			"unregister": func(t *rapid.T) {
				o := drawOffer.Draw(t, "offer")
				step(func() {
					had := false
					for key := range model.own {
						if key == offerKey(o.Function, o.Locs) || len(o.Locs) == 0 && strings.HasPrefix(key, o.Function+" ") {
							had = true
							delete(model.own, key)
						}
					}
					if got := r.Unregister(o.Function, o.Locs...); got != had {
						t.Fatalf("Unregister reported %t, want %t", got, had)
					}
				})
			},
		})
	})
}

// TestCrewsBound: all workers together offer so much and no more.
func TestCrewsBound(t *testing.T) {
	r := &Registry{}
	offers := func(from, n int) []wire.WorkerOffer {
		list := make([]wire.WorkerOffer, n)
		for i := range list {
			list[i].Function = fmt.Sprint("f", from+i)
		}
		return list
	}
	for i := range maxCrews / maxWorkerOffers {
		w := &worker{crews: make(map[*crew]struct{})}
		if err := r.enlist(w, offers(i*maxWorkerOffers, maxWorkerOffers), maxOfferBytes); err != nil {
			t.Fatal(err)
		}
		if err := r.enlist(w, offers(0, 1), maxOfferBytes); (err == nil) != (i == 0) {
			t.Fatalf("one more of worker %d: %v", i, err)
		}
	}
	more := &worker{crews: make(map[*crew]struct{})}
	err := r.enlist(more, offers(maxCrews, 1), maxOfferBytes)
	if err == nil || err.Code != ResourceExhausted || err.Details[wire.DetailLimit] != "offers_of_workers" || err.Details[wire.DetailMax] != int64(maxCrews) {
		t.Errorf("got %v", err)
	}
	if err := r.enlist(more, offers(0, maxWorkerOffers), maxOfferBytes); err != nil {
		t.Errorf("what others offer too: %v", err)
	}
	if n := r.count(); n != maxCrews {
		t.Errorf("%d offers", n)
	}
}

// TestCrewsRoom: names, locs and docs of all that workers offer have a bound, whoever
// offers them, and whoever goes leaves room for others.
func TestCrewsRoom(t *testing.T) {
	r := &Registry{}
	offer := func(name string, doc int, locs ...string) []wire.WorkerOffer {
		return []wire.WorkerOffer{{Function: name, Doc: strings.Repeat("x", doc), Locs: locs}}
	}
	const room = 100 // bytes; an offer takes 8 besides its text, a loc 4
	a := &worker{crews: make(map[*crew]struct{})}
	b := &worker{crews: make(map[*crew]struct{})}
	for i, step := range []struct {
		worker *worker
		offers []wire.WorkerOffer
		taken  bool
	}{
		{a, offer("f", 0, strings.Repeat("l", 88)), false}, // 101
		{a, offer("f", 92), false},                         // 101
		{a, offer("f", 41), true},                          // 50
		{a, offer("f", 31), true},                          // 50, as it was
		{b, offer("f", 41), true},                          // 50
		{b, offer("g", 0, strings.Repeat("l", 38)), false}, // 101
		{b, offer("g", 0, strings.Repeat("l", 37)), true},  // 100
		{a, offer("f", 42), false},                         // 101
		{a, append(offer("f", 41), offer("h", 0)...), false},
	} {
		err := r.enlist(step.worker, step.offers, room)
		if (err == nil) != step.taken {
			t.Fatalf("step %d: got %v", i, err)
		}
		if err != nil && (err.Code != ResourceExhausted || err.Details[wire.DetailLimit] != "offer_bytes" || err.Details[wire.DetailMax] != int64(room)) {
			t.Errorf("step %d: got %v %v", i, err, err.Details)
		}
	}
	r.dismiss(b, nil)
	if err := r.enlist(a, append(offer("f", 41), offer("h", 41)...), room); err != nil {
		t.Errorf("when a worker has gone: %v", err)
	}
}
