package websocket

import "io"

// JoinMessages returns a reader of all messages that c receives, with term behind each. It
// must not be read by two goroutines at a time.
func JoinMessages(c *Conn, term string) io.Reader { return &joinReader{c: c, term: term} }

// joinReader is inside a message, inside the term behind it, or between messages.
type joinReader struct {
	c       *Conn
	message io.Reader // nil outside a message
	term    string
	behind  string // what is left of the term
}

func (r *joinReader) Read(p []byte) (n int, err error) {
	switch {
	case r.behind != "":
		n = copy(p, r.behind)
		r.behind = r.behind[n:]
		return n, nil
	case r.message == nil:
		if _, r.message, err = r.c.NextReader(); err != nil {
			return 0, err
		}
	}
	if n, err = r.message.Read(p); err == io.EOF { //nolint:errorlint // what is wrapped does not count
		r.message, r.behind = nil, r.term
		return n, nil
	}
	return n, err
}
