package spool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Every log has its records in their order, in memory or not, and can be read twice.
func TestLogs(t *testing.T) {
	for _, limit := range []int{0, 100, 10_000, 1 << 30} {
		r := rand.New(rand.NewPCG(uint64(limit), 1))
		s := New(limit)
		logs := make([]*Log, 20)
		want := make([][][]byte, len(logs))
		for i := range logs {
			logs[i] = s.NewLog()
		}
		for n := range 3000 {
			i := r.IntN(len(logs))
			record := bytes.Repeat([]byte{byte(n)}, r.IntN(300))
			logs[i].Append(record)
			want[i] = append(want[i], record)
			if s.size > limit {
				t.Fatalf("limit %d: %d bytes in memory", limit, s.size)
			}
		}
		if s.Err() != nil || (s.Spilled() > 0) != (limit < 1<<30) {
			t.Errorf("limit %d: %v, %d in the file", limit, s.Err(), s.Spilled())
		}
		for i, l := range logs {
			for range 2 {
				n := 0
				for p, err := range l.All() {
					if err != nil || !bytes.Equal(p, want[i][n]) {
						t.Fatalf("limit %d, log %d, record %d: %v", limit, i, n, err)
					}
					n++
				}
				if n != len(want[i]) {
					t.Errorf("limit %d, log %d: %d records, want %d", limit, i, n, len(want[i]))
				}
			}
			for range l.All() {
				break // it is allowed to stop
			}
		}
		if s.file != nil && runtime.GOOS != "windows" {
			gone(t, s.file.Name()) // while it is in use
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if s.file != nil {
			gone(t, s.file.Name())
		}
	}
}

func gone(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(name); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", name, err)
	}
}

// What was put away comes back as it was, in memory or not, in any order and again.
func TestPutAway(t *testing.T) {
	for _, limit := range []int{0, 100, 10_000, 1 << 30} {
		r := rand.New(rand.NewPCG(uint64(limit), 2))
		s := New(limit)
		type kept struct {
			place   Place
			about   string
			records []string
		}
		var all []kept
		open := make(map[*Log][]string)
		for n := range 5000 {
			if len(open) < 30 {
				open[s.NewLog()] = nil
			}
			for l, records := range open {
				if r.IntN(8) == 0 {
					about := strings.Repeat("about", r.IntN(30))
					all = append(all, kept{s.PutAway([]byte(about), l), about, records})
					delete(open, l)
				} else {
					record := fmt.Sprint(n, strings.Repeat(".", r.IntN(300)))
					l.Append([]byte(record))
					open[l] = append(records, record)
				}
				break
			}
			if s.size > limit {
				t.Fatalf("limit %d: %d bytes in memory", limit, s.size)
			}
		}
		for i, n := range append(r.Perm(len(all)), 0, 0) {
			about, l, err := s.Fetch(all[n].place)
			if err != nil || string(about) != all[n].about {
				t.Fatalf("limit %d, %d: %q, %v, want %q", limit, i, about, err, all[n].about)
			}
			var records []string
			for p, err := range l.All() {
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, string(p))
			}
			if !slices.Equal(records, all[n].records) {
				t.Fatalf("limit %d, %d: %d records, want %d", limit, i, len(records), len(all[n].records))
			}
		}
		if err := s.Close(); err != nil || s.Err() != nil || len(all) < 500 {
			t.Errorf("limit %d: %v, %v, %d put away", limit, err, s.Err(), len(all))
		}
	}
}

// What cannot be written is told at the end.
func TestFails(t *testing.T) {
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, t.TempDir()+"/does/not/exist")
	}
	s := New(10)
	l := s.NewLog()
	for i := range 100 {
		l.Append(fmt.Append(nil, i))
	}
	s.PutAway([]byte("about"), l)
	if s.Err() == nil || s.size > 20 {
		t.Errorf("%v, %d bytes in memory", s.Err(), s.size)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
