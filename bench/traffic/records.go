// Package traffic makes the messages: their content, how a client sends them, and how an answer
// is checked.
package traffic

import (
	"fmt"
	"strconv"
	"time"
)

// source is a random number generator with the same numbers in every run (SplitMix64).
type source uint64

func (s *source) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (s *source) below(n int) int { return int(s.next() % uint64(n)) }

func (s *source) pick(words []string) string { return words[s.below(len(words))] }

var (
	givenNames  = []string{"Amara", "Björn", "Chiara", "Deepak", "Elif", "Farid", "Grace", "Hana", "Ivo", "Jun", "Katya", "Lucía"}
	familyNames = []string{"Okafor", "Lindqvist", "Moretti", "Sharma", "Yılmaz", "Haddad", "Hopper", "Sato", "Novák", "Park"}
	states      = []string{"active", "waiting", "suspended", "closed"}
	tags        = []string{"north", "retail", "priority", "beta", "eu-west", "partner", "archive"}
	epoch       = time.Date(2025, time.March, 3, 8, 0, 0, 0, time.UTC)
)

// Records returns count different messages of size bytes each: JSON arrays of records, padded
// with a string.
func Records(count, size int) [][]byte {
	messages := make([][]byte, count)
	s := source(size)
	for i := range messages {
		messages[i] = records(&s, size)
	}
	return messages
}

func records(s *source, size int) []byte {
	m := append(make([]byte, 0, size), `{"records":[`...)
	var one []byte
	for {
		one = s.record(one[:0])
		if len(m)+1+len(one)+len(`],"note":""}`) > size {
			break
		}
		if m[len(m)-1] == '}' {
			m = append(m, ',')
		}
		m = append(m, one...)
	}
	m = append(m, `],"note":"`...)
	for len(m) < size-len(`"}`) {
		m = append(m, "abcdefghijklmnopqrstuvwxyz "[s.below(27)])
	}
	return append(m, `"}`...)
}

// record appends a record of some 200 bytes.
func (s *source) record(dst []byte) []byte {
	at := epoch.Add(time.Duration(s.below(1e9)) * time.Millisecond)
	dst = fmt.Appendf(dst, `{"id":%d,"uid":"%08x-%04x","name":"%s %s"`,
		100000+s.below(900000), uint32(s.next()), uint16(s.next()), s.pick(givenNames), s.pick(familyNames))
	dst = fmt.Appendf(dst, `,"state":"%s","tags":["%s","%s"]`, s.pick(states), s.pick(tags), s.pick(tags))
	dst = append(dst, `,"balance":`...)
	dst = strconv.AppendFloat(dst, float64(s.below(10_000_000))/100, 'f', 2, 64)
	dst = append(dst, `,"score":`...)
	dst = strconv.AppendFloat(dst, float64(s.next()>>11)/(1<<53), 'f', -1, 64)
	dst = fmt.Appendf(dst, `,"verified":%t`, s.below(2) == 0)
	return append(at.AppendFormat(append(dst, `,"updated":"`...), "2006-01-02T15:04:05.000Z"), `"}`...)
}
