//go:build poolcheck

package poolcheck

import (
	"strings"
	"testing"
)

func outOf(t *testing.T, name string) Outstanding {
	t.Helper()
	for _, l := range All() {
		if l.Pool == name {
			return l
		}
	}
	t.Fatalf("no pool %q among %v", name, All())
	return Outstanding{}
}

func TestOutstanding(t *testing.T) {
	p := NewPool("eight", func() any { return new([8]byte) })
	a, b := p.Get(), p.Get()
	l := outOf(t, "eight")
	if l.Out != 2 || l.Lent != 2 {
		t.Errorf("two are lent: %d are out of %d", l.Out, l.Lent)
	}
	for at := range l.At {
		if !strings.Contains(at, "TestOutstanding") {
			t.Errorf("lent at\n%s", at)
		}
	}
	p.Put(a)
	p.Put(b)
	if l := outOf(t, "eight"); l.Out != 0 || l.Lent != 2 {
		t.Errorf("all came back: %d are out of %d", l.Out, l.Lent)
	}
}

func TestLose(t *testing.T) {
	p := NewPool("lost", func() any { return new([8]byte) })
	v := p.Get()
	Lose(p, v)
	if l := outOf(t, "lost"); l.Out != 0 || len(Faults()) != 0 {
		t.Errorf("%d are out; %q", l.Out, Faults())
	}
	if other := p.Get(); other == v {
		t.Error("what was lost is lent again")
	} else {
		p.Put(other)
	}
}

func TestFaults(t *testing.T) {
	p := &Pool{New: func() any { return new(int) }}
	v := p.Get()
	p.Put(v)
	if f := Faults(); len(f) != 0 {
		t.Fatalf("before any: %q", f)
	}
	p.Put(v)
	f := Faults()
	if len(f) != 1 || !strings.Contains(f[0], "*int: given back and not lent") || !strings.Contains(f[0], "TestFaults") {
		t.Errorf("given back twice: %q", f)
	}
	// It is in the pool once, or two would share it.
	a, b := p.Get(), p.Get()
	if a == b {
		t.Error("one value is lent twice")
	}
}
