package capture

import (
	"encoding/binary"
	"io"
)

// The Decryption Secrets Block of pcapng, the secrets type for a TLS key log, and how many
// bytes of one are kept.
const (
	blockSecrets  = 10
	secretsTLS    = 0x544c534b
	maxSecrets    = 16 << 20
	byteOrderMark = 0x1a2b3c4d
)

// secretsTap keeps the Decryption Secrets Blocks of the pcapng file that is read through it.
// The reader of pcapgo parses them but offers no way to get at them.
type secretsTap struct {
	r     io.Reader
	found []byte
	order binary.ByteOrder

	head  [16]byte // type and length of a block, type and length of secrets
	have  int      // bytes of head
	left  uint32   // bytes of the block still to come
	keep  uint32   // how many of those, from now on, are secrets
	total int
	lost  bool // block lengths are inconsistent: the search has ended
}

func (t *secretsTap) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.pass(p[:n])
	return n, err
}

func (t *secretsTap) pass(p []byte) {
	for len(p) > 0 && !t.lost {
		if t.left > 0 {
			n := min(int(min(t.left, 1<<30)), len(p))
			if t.keep > 0 {
				k := min(int(min(t.keep, 1<<30)), n)
				if t.total += k; t.total <= maxSecrets {
					t.found = append(t.found, p[:k]...)
				}
				t.keep -= uint32(k)
				if t.keep == 0 && t.total < maxSecrets {
					t.found = append(t.found, '\n')
				}
				n = k
			}
			t.left -= uint32(n)
			p = p[n:]
			continue
		}
		t.head[t.have] = p[0]
		t.have++
		p = p[1:]
		if t.have == t.headSize() {
			t.begin()
		}
	}
}

// headSize is how much of a block identifies it. A section header also needs its byte order.
func (t *secretsTap) headSize() int {
	if t.have < 4 {
		return 12
	}
	if binary.BigEndian.Uint32(t.head[:]) != sectionHeader && t.order != nil && t.order.Uint32(t.head[:]) == blockSecrets {
		return 16
	}
	return 12
}

func (t *secretsTap) begin() {
	if binary.BigEndian.Uint32(t.head[:]) == sectionHeader {
		t.order = binary.LittleEndian
		if binary.BigEndian.Uint32(t.head[8:]) == byteOrderMark {
			t.order = binary.BigEndian
		}
	}
	if t.order == nil {
		t.lost = true
		return
	}
	length, have := t.order.Uint32(t.head[4:]), uint32(t.have)
	t.have = 0
	if length < have || length%4 != 0 {
		t.lost = true
		return
	}
	t.left, t.keep = length-have, 0
	if have == 16 && t.order.Uint32(t.head[8:]) == secretsTLS {
		t.keep = min(t.order.Uint32(t.head[12:]), t.left)
	}
}
