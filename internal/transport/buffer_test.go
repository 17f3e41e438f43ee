package transport

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// put puts text into b, which has room for it.
func put(t *testing.T, b *Buffer, text string) {
	t.Helper()
	room := b.Room()
	if len(room) < len(text) {
		t.Fatalf("room for %d bytes, not %d", len(room), len(text))
	}
	b.Extend(copy(room, text))
}

func wantBytes(t *testing.T, b *Buffer, want string) {
	t.Helper()
	if got := string(b.Bytes()); got != want || b.Buffered() != len(want) {
		t.Fatalf("%d bytes %.40q, want %d %.40q", b.Buffered(), got, len(want), want)
	}
}

// An empty buffer has no memory, unless it is kept.
func TestBufferIsEmpty(t *testing.T) {
	var b Buffer
	wantBytes(t, &b, "")
	b.Release()
	b.Discard()
	if b.Full() {
		t.Error("full without memory")
	}
	put(t, &b, "text")
	b.Release()
	wantBytes(t, &b, "text")
	b.Consume(4)
	b.Release()
	if b.data != nil {
		t.Error("it has memory while it is empty")
	}
	b.keep()
	put(t, &b, "text")
	b.Consume(4)
	b.Release()
	if b.data == nil || len(*b.data) != smallReadSize {
		t.Error("it is kept, and has no memory or not a small one")
	}
	b.Discard()
	if b.data != nil || b.kept {
		t.Error("it has memory after it was discarded")
	}
}

// How much one read may bring.
func TestBufferSizes(t *testing.T) {
	var b Buffer
	for _, test := range []struct{ message, room int }{
		{0, readSize},
		{readSize / 2, readSize},
		{readSize/2 + 1, largeReadSize},
		{largeReadSize - maxHeader, largeReadSize},
		{largeReadSize - maxHeader + 1, readSize},
		{1, readSize},
	} {
		b.NoteSize(test.message)
		if n := len(b.Room()); n != test.room {
			t.Errorf("after a message of %d bytes: room for %d, want %d", test.message, n, test.room)
		}
		b.Release()
	}
	put(t, &b, "text")
	b.keep()
	if n := len(b.Room()); n != readSize-4 {
		t.Errorf("room for %d bytes while something is there", n)
	}
	b.Consume(4)
	if n := len(b.Room()); n != smallReadSize {
		t.Errorf("room for %d bytes in a buffer that is kept", n)
	}
	b.Discard()
}

// What is at the end of the memory moves to its beginning to make room.
func TestBufferMoves(t *testing.T) {
	var b Buffer
	put(t, &b, strings.Repeat("x", readSize))
	if !b.Full() || len(b.Room()) != 0 {
		t.Error("it is not full")
	}
	b.Consume(readSize - 3)
	if n := len(b.Room()); n != readSize-3 || b.Full() {
		t.Errorf("room for %d bytes", n)
	}
	wantBytes(t, &b, "xxx")
	b.Discard()
}

// Something that has come, and may stay long, takes a small buffer.
func TestBufferShrinks(t *testing.T) {
	var b Buffer
	b.Shrink()
	put(t, &b, strings.Repeat("x", smallReadSize))
	b.Shrink()
	if len(*b.data) != readSize {
		t.Error("it shrank, and has no room left")
	}
	b.Consume(1)
	b.Shrink()
	if len(*b.data) != smallReadSize || len(b.Room()) != 1 {
		t.Error("it did not shrink")
	}
	b.Shrink()
	wantBytes(t, &b, strings.Repeat("x", smallReadSize-1))
	b.Discard()
}

// A part of a frame takes a tiny buffer, until there is more to read.
func TestBufferStows(t *testing.T) {
	var b Buffer
	b.Stow()
	put(t, &b, strings.Repeat("x", tinySize))
	b.Stow()
	if len(*b.data) != readSize {
		t.Error("it was stowed, and fills the tiny buffer")
	}
	b.Consume(1)
	text := strings.Repeat("x", tinySize-1)
	for _, size := range []int{readSize, smallReadSize} {
		b.Stow()
		b.Shrink()
		if size == smallReadSize {
			b.keep() // it is now
		}
		if len(*b.data) != tinySize || b.Full() {
			t.Errorf("%d bytes of memory, full: %v", len(*b.data), b.Full())
		}
		wantBytes(t, &b, text)
		if n := len(b.Room()); n != size-len(text) {
			t.Errorf("room for %d bytes", n)
		}
		wantBytes(t, &b, text)
	}
	b.Stow()
	if len(*b.data) == tinySize {
		t.Error("it waits in its memory, and was stowed")
	}
	b.Discard()
}

// What is pinned stays as it is, whatever happens to the buffer, and is given back once.
func TestBufferPins(t *testing.T) {
	for name, meanwhile := range map[string]func(b *Buffer){
		"nothing":         func(*Buffer) {},
		"Release":         func(b *Buffer) { b.Consume(b.Buffered()); b.Release() },
		"Room":            func(b *Buffer) { b.Extend(copy(b.Room(), "overwritten?")) },
		"Room of small":   func(b *Buffer) { b.keep(); b.Extend(copy(b.Room(), "overwritten?")) },
		"Shrink":          func(b *Buffer) { b.Shrink() },
		"Stow":            func(b *Buffer) { b.Stow() },
		"Discard":         func(b *Buffer) { b.Discard() },
		"Room, then none": func(b *Buffer) { _ = b.Room(); b.Discard() },
	} {
		for _, more := range []int{0, 10, smallReadSize + 1} {
			var b Buffer
			put(t, &b, "pinned"+strings.Repeat("m", more))
			p := b.Bytes()[:6]
			b.Consume(6)
			pinned := b.Pin()
			meanwhile(&b)
			if string(p) != "pinned" {
				t.Errorf("%s, %d more: %q", name, more, p)
			}
			b.Unpin(pinned)
			if b.pinned {
				t.Errorf("%s, %d more: still pinned", name, more)
			}
			b.Discard()
			if b.data != nil {
				t.Errorf("%s, %d more: it keeps memory", name, more)
			}
		}
	}
}

// A pinned buffer that holds more than the next one would move to a large one.
func TestBufferPinsMuch(t *testing.T) {
	var b Buffer
	b.NoteSize(readSize)
	put(t, &b, "pinned"+strings.Repeat("m", 2*readSize))
	b.NoteSize(0)
	b.Consume(6)
	pinned := b.Pin()
	put(t, &b, "more")
	wantBytes(t, &b, strings.Repeat("m", 2*readSize)+"more")
	b.Unpin(pinned)
	b.Discard()
}

// Whatever is called in whatever order, the bytes come out as they went in.
func TestBufferAtRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		var b Buffer
		var want, pinnedBytes, pinnedCopy []byte
		var pinned *[]byte
		next := byte(0)
		for range 200 {
			switch r.IntN(11) {
			case 0, 1, 2:
				room := b.Room()
				if len(room) > 0 {
					room = room[:1+r.IntN(len(room))]
				}
				for i := range room {
					room[i] = next
					next++
				}
				b.Extend(len(room))
				want = append(want, room...)
			case 3, 4, 5:
				n := r.IntN(len(want) + 1)
				b.Consume(n)
				want = want[n:]
			case 6:
				b.Release()
			case 7:
				b.Shrink()
			case 10:
				b.Stow()
			case 8:
				b.NoteSize(r.IntN(2 * readSize))
			case 9:
				switch {
				case pinned != nil:
					if !bytes.Equal(pinnedBytes, pinnedCopy) {
						t.Fatal("what was pinned has changed")
					}
					b.Unpin(pinned)
					pinned = nil
				case len(want) > 0:
					n := 1 + r.IntN(len(want))
					pinnedBytes = b.Bytes()[:n]
					pinnedCopy = slices.Clone(pinnedBytes)
					b.Consume(n)
					want = want[n:]
					pinned = b.Pin()
				}
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Fatalf("%d bytes, want %d", b.Buffered(), len(want))
			}
		}
		if pinned != nil {
			b.Unpin(pinned)
		}
		b.Discard()
	}
}
