//go:build poolcheck

package poolcheck

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Enabled reports whether values lent are counted.
const Enabled = true

// Pool is a sync.Pool that knows what it has lent.
type Pool struct {
	New func() any

	values sync.Pool

	mu    sync.Mutex
	known bool
	name  string
	lent  uint64
	out   map[any]place // what is lent; pointers, so that a key is an identity
}

// place is where something was lent.
type place [4]uintptr

// book lists the pools that have lent something or have a name.
var book struct {
	mu     sync.Mutex
	pools  []*Pool
	faults []string
}

// maxFaults is how many faults are kept: the first tell the most.
const maxFaults = 20

// Get lends a value.
func (p *Pool) Get() any {
	v := p.values.Get()
	if v == nil {
		v = p.New()
	}
	var at place
	runtime.Callers(2, at[:])
	p.mu.Lock()
	defer p.mu.Unlock()
	p.enter()
	if _, twice := p.out[v]; twice {
		fault("%s: lent to two at once:\n%s", p.name, at)
	}
	p.lent++
	p.out[v] = at
	return v
}

// Put takes a value back. What is not on the list, because it was given back before,
// does not get into the pool, where two would share it.
func (p *Pool) Put(v any) {
	if p.strike(v) {
		p.values.Put(v)
	}
}

// Lose takes v, which was lent and will not be given back, off the list: somebody else may
// still use it.
func Lose(p *Pool, v any) { p.strike(v) }

// strike takes v off the list.
func (p *Pool) strike(v any) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.enter()
	if _, ok := p.out[v]; !ok {
		var at place
		runtime.Callers(3, at[:])
		fault("%s: given back and not lent:\n%s", p.name, at)
		return false
	}
	delete(p.out, v)
	return true
}

// enter lists the pool. Under mu.
func (p *Pool) enter() {
	if p.known {
		return
	}
	p.known = true
	p.out = make(map[any]place)
	if p.name == "" {
		p.name = fmt.Sprintf("%T", p.New())
	}
	book.mu.Lock()
	defer book.mu.Unlock()
	book.pools = append(book.pools, p)
}

// NewPool returns a pool whose values make makes. name is for [All].
func NewPool(name string, make func() any) *Pool {
	p := &Pool{New: make, name: name}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.enter()
	return p
}

// All returns what each pool has lent.
func All() []Outstanding {
	book.mu.Lock()
	pools := slices.Clone(book.pools)
	book.mu.Unlock()
	loans := make([]Outstanding, 0, len(pools))
	for _, p := range pools {
		loans = append(loans, p.loan())
	}
	slices.SortFunc(loans, func(a, b Outstanding) int { return strings.Compare(a.Pool, b.Pool) })
	return loans
}

func (p *Pool) loan() Outstanding {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := Outstanding{Pool: p.name, Out: len(p.out), Lent: p.lent, At: make(map[string]int)}
	places := make(map[place]int)
	for _, at := range p.out {
		places[at]++
	}
	for at, n := range places {
		l.At[at.String()] += n
	}
	return l
}

// Faults returns what pools were given that was not theirs.
func Faults() []string {
	book.mu.Lock()
	defer book.mu.Unlock()
	return slices.Clone(book.faults)
}

func fault(format string, args ...any) {
	book.mu.Lock()
	defer book.mu.Unlock()
	if len(book.faults) < maxFaults {
		book.faults = append(book.faults, fmt.Sprintf(format, args...))
	}
}

// String lists the callers, a line each.
func (at place) String() string {
	n := len(at)
	for n > 0 && at[n-1] == 0 {
		n--
	}
	var b strings.Builder
	frames := runtime.CallersFrames(at[:n])
	for n > 0 {
		f, more := frames.Next()
		fmt.Fprintf(&b, "\t%s (line %d)\n", f.Function, f.Line)
		if !more {
			break
		}
	}
	return b.String()
}
