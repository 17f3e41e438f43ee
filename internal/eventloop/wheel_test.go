package eventloop

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

func TestSizes(t *testing.T) {
	if size := unsafe.Sizeof(Entry{}); size > 40 {
		t.Errorf("an Entry has %d bytes", size)
	}
	if size := unsafe.Sizeof(Member{}); size > 32 {
		t.Errorf("a Member has %d bytes", size)
	}
}

// naive is a wheel without slots: when is each entry due?
type naive map[*Entry]uint32

func (n naive) expired(now uint32) (due []*Entry) {
	for e, second := range n {
		if second <= now {
			due = append(due, e)
			delete(n, e)
		}
	}
	return due
}

// popAll pops what is due in second now, with little patience.
func popAll(t *testing.T, w *wheel, now uint32, patience int) (due []*Entry) {
	t.Helper()
	for range 100000 {
		e, more := w.pop(now, patience)
		if !more {
			return due
		}
		if e != nil {
			due = append(due, e)
		}
	}
	t.Fatal("pop does not come to an end")
	return nil
}

// checkWheel looks for entries that are filed wrongly.
func checkWheel(t *testing.T, w *wheel) {
	t.Helper()
	count, first := 0, uint32(0)
	for second := w.hand; second < w.hand+wheelSlots; second++ {
		var before *Entry
		for e := w.slots[second%wheelSlots]; e != nil; before, e = e, e.next {
			if e.at%wheelSlots != second%wheelSlots || e.at > max(e.due, second) || e.prev != before {
				t.Fatalf("hand %d: an entry due in %d stands under %d, in slot %d", w.hand, e.due, e.at, second%wheelSlots)
			}
			if count++; first == 0 {
				first = second
			}
		}
	}
	if count != w.count || first != w.next() {
		t.Fatal(count, w.count, first, w.next())
	}
}

// The wheel has the same entries expire in each second as a list of when each is due.
func TestWheelIsAList(t *testing.T) {
	kinds := map[string]struct{ ahead, pause uint32 }{
		"near":         {10, 3},
		"far":          {1000, 3},
		"across turns": {200, 70},
		"asleep":       {100, 1000},
		"each second":  {64, 2},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(30) {
				r := rand.New(rand.NewPCG(seed, 1))
				w, n := newWheel(), naive{}
				entries := make([]Entry, 40)
				expired := 0
				now := uint32(firstSecond - 1)
				for range 600 {
					e := &entries[r.IntN(len(entries))]
					switch r.IntN(8) {
					case 0:
						_, was := n[e]
						delete(n, e)
						if w.remove(e) != was {
							t.Fatal("remove is wrong of what was set")
						}
					case 1, 2:
						now += r.Uint32N(kind.pause)
						got, want := popAll(t, &w, now, 1+r.IntN(3)), n.expired(now)
						if expired += len(got); !sameEntries(got, want) {
							t.Fatalf("seed %d, second %d: %d entries expired, not %d", seed, now, len(got), len(want))
						}
					default:
						due := now + 1 + r.Uint32N(kind.ahead)
						n[e] = due
						w.set(e, due)
					}
					checkWheel(t, &w)
				}
				if expired == 0 {
					t.Fatal("nothing expired")
				}
			}
		})
	}
}

func sameEntries(a, b []*Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for _, e := range a {
		if !slices.Contains(b, e) {
			return false
		}
	}
	return true
}

// An entry that is put off is not moved; it moves when it is to come sooner.
func TestWheelIsLazy(t *testing.T) {
	w := newWheel()
	var e Entry
	w.set(&e, 10)
	w.set(&e, 20)
	if e.at != 10 || e.due != 20 || w.next() != 10 {
		t.Fatal(e.at, e.due, w.next())
	}
	if got := popAll(t, &w, 19, 1); len(got) != 0 || e.at != 20 {
		t.Fatal(got, e.at)
	}
	w.set(&e, 12) // has passed
	if got := popAll(t, &w, 20, 1); len(got) != 1 || e.at != 0 || w.next() != 0 {
		t.Fatal(got, e.at)
	}
	w.set(&e, 1000)
	if e.at != w.hand+wheelSlots-1 {
		t.Fatal(e.at)
	}
}

// However many entries are filed anew, pop comes back soon.
func TestWheelPatience(t *testing.T) {
	w := newWheel()
	entries := make([]Entry, 1000)
	for i := range entries {
		w.set(&entries[i], 5)
		w.set(&entries[i], 30)
	}
	for want := 100; want <= 900; want += 100 {
		e, more := w.pop(5, 100)
		moved := 0
		for i := range entries {
			if entries[i].at == 30 {
				moved++
			}
		}
		if e != nil || !more || moved != want {
			t.Fatal(e, more, moved, want)
		}
	}
	// Set while it lies in the slot that is being emptied.
	w.set(&entries[0], 6)
	if got := popAll(t, &w, 29, 100); len(got) != 1 || got[0] != &entries[0] {
		t.Fatal(len(got))
	}
	if got := popAll(t, &w, 30, 100); len(got) != 999 {
		t.Fatal(len(got))
	}
}
