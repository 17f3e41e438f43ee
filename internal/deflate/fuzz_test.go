package deflate

import "testing"

// FuzzAppend compresses a history and two messages, one in two parts, and inflates them again.
func FuzzAppend(f *testing.F) {
	f.Add([]byte("Hello, Hello, Hello"), uint16(3), uint16(5), uint16(2), uint8(8), uint8(1))
	f.Add(mixed(3000, 1), uint16(300), uint16(1000), uint16(100), uint8(9), uint8(6))
	f.Add(make([]byte, 2000), uint16(258), uint16(259), uint16(0), uint8(15), uint8(9))
	var e Encoder
	f.Fuzz(func(t *testing.T, data []byte, history, first, keep uint16, windowBits, level uint8) {
		h := min(int(history), len(data))
		m := min(h+int(first), len(data))
		s := newStream(t, &e, 8+int(windowBits)%8, 1+int(level)%9, data[:h])
		s.message(int(keep), data[h:h+(m-h)/2], data[h+(m-h)/2:m])
		s.message(int(keep), data[m:])
		s.end()
	})
}
