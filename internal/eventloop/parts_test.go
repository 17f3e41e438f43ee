package eventloop

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// The run queue is first in, first out, however it grows and shrinks.
func TestQueue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q queue
	var want []*Member
	for range 200 {
		for range r.IntN(400) {
			m := &Member{}
			q.push(m)
			want = append(want, m)
		}
		for range min(r.IntN(400), len(want)) {
			if got := q.pop(); got != want[0] {
				t.Fatal("not first in, first out")
			}
			want = want[1:]
		}
		if q.len() != len(want) {
			t.Fatal(q.len(), len(want))
		}
	}
	for q.len() < 2*keptRing {
		q.push(&Member{})
	}
	for q.len() > 0 {
		q.pop()
	}
	if len(q.ring) > keptRing {
		t.Error("an empty queue keeps", len(q.ring))
	}
	q.push(&Member{})
	for i, m := range q.ring {
		if m != nil && i != q.first {
			t.Error("the queue holds on to members it does not have")
		}
	}
}

// What is given is taken once, unless the leader sleeps, and it does not fall asleep over it.
func TestHandover(t *testing.T) {
	var h handover
	var q queue
	members := make([]*Member, 2*keptRing)
	for i := range members {
		members[i] = &Member{}
		if !h.give(members[i]) {
			t.Fatal("the leader is awake")
		}
	}
	if h.sleep() || h.hasSlept() {
		t.Fatal("the leader fell asleep")
	}
	h.take(&q)
	if q.len() != len(members) || q.pop() != members[0] || cap(h.due) > keptRing {
		t.Fatal(q.len(), cap(h.due))
	}
	if h.take(&q); q.len() != len(members)-1 {
		t.Fatal("taken twice")
	}
	if !h.sleep() || h.give(members[0]) || !h.hasSlept() || !h.hasSlept() {
		t.Fatal("the leader sleeps")
	}
	h.wake()
	if !h.give(members[0]) || !h.hasSlept() || h.hasSlept() {
		t.Fatal("the leader is awake again")
	}
}

// Descriptors far apart have their own places, which stay when others come.
func TestTable(t *testing.T) {
	var table table
	fds := []int32{0, 1, chunkSize - 1, chunkSize, 10*chunkSize + 7, 3, 5 * chunkSize, 1 << 20}
	if table.at(5) != nil || len(slices.Collect(table.all())) != 0 {
		t.Fatal("something is there")
	}
	var wg sync.WaitGroup
	members := make([]Member, len(fds))
	for i, fd := range fds {
		wg.Go(func() {
			if !table.put(fd, &members[i]) || table.put(fd, &Member{}) {
				t.Error("put is wrong of what was there")
			}
		})
	}
	wg.Wait()
	if all := slices.Collect(table.all()); len(all) != len(fds) || all[0] != &members[0] {
		t.Error(all)
	}
	for i, fd := range fds {
		table.drop(fd, &Member{}) // not its own
		if table.at(fd) != &members[i] {
			t.Error(fd)
		}
		table.drop(fd, &members[i])
		if table.at(fd) != nil {
			t.Error(fd)
		}
	}
	for _, fd := range []int32{2, 2 * chunkSize, 1<<20 + chunkSize} {
		if table.at(fd) != nil {
			t.Error(fd)
		}
	}
	if !slices.Contains(*table.chunks.Load(), nil) {
		t.Error("there is memory for descriptors that were never in use")
	}
}
