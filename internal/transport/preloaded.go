package transport

// Preload puts what was read before the connection was made in front of what is still to
// come: bytes that came together with the opening handshake are not lost. They go into b
// if it holds them.
func Preload(t Transport, b *Buffer, p []byte) Transport {
	if len(p) > readSize {
		return &preloaded{t, p}
	}
	if len(p) > 0 {
		b.Extend(copy(b.Room(), p))
	}
	return t
}

// preloaded is a Transport behind more bytes than a Buffer holds.
type preloaded struct {
	Transport
	p []byte
}

func (t *preloaded) Fill(b *Buffer) (int, error) {
	if len(t.p) == 0 {
		return t.Transport.Fill(b)
	}
	n, err := t.Read(b.Room())
	b.Extend(n)
	return n, err
}

func (t *preloaded) Read(p []byte) (int, error) {
	if len(t.p) == 0 {
		return t.Transport.Read(p)
	}
	n := copy(p, t.p)
	if t.p = t.p[n:]; len(t.p) == 0 {
		t.p = nil // it is not needed as long as the connection lives
	}
	return n, nil
}
