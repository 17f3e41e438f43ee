package deflate

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"testing"
)

// zlib inflates streams with a window of exactly the size agreed. It gets little room for its output, because what is
// in there would serve it as a window as well.
const zlib = `
import struct, sys, zlib
data = sys.stdin.buffer.read()
at = 0
def take():
    global at
    n, = struct.unpack_from('<I', data, at)
    at += 4 + n
    return data[at - n:at]
while at < len(data):
    bits, history, sent, plain = take()[0], take(), take(), take()
    d = zlib.decompressobj(wbits=-bits, zdict=history)
    out = bytearray()
    while sent:
        out += d.decompress(sent, 8)
        sent = d.unconsumed_tail
    out += d.flush()
    if out != plain:
        sys.exit('window of %d bits: %d bytes of %d' % (bits, len(out), len(plain)))
`

func TestZlib(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick needs only Go; make test brings Python")
	}
	var e Encoder
	var in []byte
	put := func(b []byte) {
		in = binary.LittleEndian.AppendUint32(in, uint32(len(b)))
		in = append(in, b...)
	}
	for windowBits := 9; windowBits <= 15; windowBits++ {
		window := 1 << windowBits
		for level := 1; level <= 9; level++ {
			data := mixed(3*window+5000, uint64(windowBits*level))
			s := newStream(t, &e, windowBits, level, data[:window])
			s.message(all, data[window:2*window])
			s.message(all, data[2*window:])
			put([]byte{byte(windowBits)})
			put(s.history)
			put(s.sent)
			put(s.plain[window:])
		}
	}
	command := exec.Command("/usr/bin/python3", "-c", zlib)
	command.Stdin = bytes.NewReader(in)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v (python3 is in the package of that name)\n%s", err, out)
	}
}
