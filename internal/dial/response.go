package dial

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2"
)

const (
	// MaxInformational is how many 1xx responses may come before the one that
	// counts, as many as net/http takes.
	MaxInformational = 5
	// ExcerptSize bounds what is read of the body of a refusal, and excerptTimeout how
	// long: it comes with the head, or is not worth waiting for.
	ExcerptSize    = 1 << 10
	excerptTimeout = time.Second
)

// responseReader reads the answer to a request, and keeps what comes after it.
type responseReader struct {
	early  *bytes.Reader // came before conn gives more
	source boundedReader
	buf    *bufio.Reader
	trace  *httptrace.ClientTrace
}

func newResponseReader(r *route, limit int64, trace *httptrace.ClientTrace) *responseReader {
	reader := &responseReader{early: bytes.NewReader(r.early), trace: trace}
	reader.source = boundedReader{r: io.MultiReader(reader.early, r.conn), left: limit, limit: limit}
	reader.buf = bufio.NewReader(&reader.source)
	return reader
}

// boundedReader is the network as a reader of heads sees it.
type boundedReader struct {
	r     io.Reader
	left  int64
	limit int64
	err   error // of r: then it is not what came that was wrong
	over  bool
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.over = true
		return 0, errors.New("limit")
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil {
		b.err = err
	}
	return n, err
}

// read returns the response that counts. Informational ones before it are
// passed over (RFC 9110 §15.2).
func (r *responseReader) read(req *http.Request) (*http.Response, error) {
	if _, err := r.buf.Peek(1); err == nil && r.trace.GotFirstResponseByte != nil {
		r.trace.GotFirstResponseByte()
	}
	if r.isHTTP2() {
		return nil, malformedResponse("RFC 9112 §2", "the server answers in HTTP/2, and not in HTTP/1.1")
	}
	for range MaxInformational + 1 {
		resp, err := http.ReadResponse(r.buf, req)
		if err != nil {
			return nil, r.blame(err)
		}
		if resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols {
			r.source.left = r.source.limit // for an excerpt of the body
			return resp, nil
		}
		if resp.StatusCode == http.StatusContinue && r.trace.Got100Continue != nil {
			r.trace.Got100Continue()
		}
		if r.trace.Got1xxResponse != nil {
			if err := r.trace.Got1xxResponse(resp.StatusCode, textproto.MIMEHeader(resp.Header)); err != nil {
				return nil, err
			}
		}
	}
	return nil, malformedResponse("RFC 9110 §15.2", fmt.Sprintf("more than %d informational responses", MaxInformational))
}

// isHTTP2 reports whether a server speaks only HTTP/2: it begins with SETTINGS, whatever comes
// (RFC 9113 §3.4). No response of HTTP/1.1 begins with the zero that their lengths begin with.
func (r *responseReader) isHTTP2() bool {
	if first, err := r.buf.Peek(1); err != nil || first[0] != 0 {
		return false
	}
	raw, err := r.buf.Peek(h2.FrameHeaderSize)
	if err != nil {
		return false
	}
	h := h2.ParseFrameHeader(raw)
	return h.Type == h2.TypeSettings && h.Check() == nil
}

// headLimit bounds the response and what is informational before it.
func (d *dialer) headLimit() int64 {
	if d.opts.HeaderBytes > 0 {
		return int64(d.opts.HeaderBytes)
	}
	return DefaultHeaderBytes
}

// blame tells what was wrong: the connection, or what came over it.
func (r *responseReader) blame(err error) error {
	switch {
	case r.source.over:
		return headTooLarge(r.source.limit)
	case r.source.err == nil:
		return malformedResponse("RFC 9112 §2", printable(err.Error()))
	case r.source.err == io.EOF:
		return errEarlyEnd
	}
	return r.source.err
}

func headTooLarge(limit int64) error {
	return malformedResponse("RFC 9110 §5.4", fmt.Sprintf("response head is larger than %d bytes", limit))
}

// errEarlyEnd matches io.ErrUnexpectedEOF.
var errEarlyEnd = fmt.Errorf("connection closed before the end of the response: %w", io.ErrUnexpectedEOF)

// rest returns what was read beyond the response.
func (r *responseReader) rest() []byte {
	rest := make([]byte, r.buf.Buffered(), r.buf.Buffered()+r.early.Len())
	_, _ = io.ReadFull(r.buf, rest)
	more, _ := io.ReadAll(r.early)
	return append(rest, more...)
}

// excerpt replaces the body by its beginning, in memory. It calls abort when that
// does not come in time.
func excerpt(resp *http.Response, abort func()) {
	var text []byte
	if resp.StatusCode != http.StatusSwitchingProtocols {
		timer := time.AfterFunc(excerptTimeout, abort)
		text, _ = io.ReadAll(io.LimitReader(resp.Body, ExcerptSize))
		timer.Stop()
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
}

// judge says what we and the server have agreed on, if we have.
func judge(offer *handshake.Offer, resp *http.Response) (handshake.Agreement, error) {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return handshake.Agreement{}, refused(resp)
	}
	// A RoundTripper that is not net/http's may leave the version out.
	if unsaid := resp.Proto == "" && resp.ProtoMajor == 0; !unsaid && (!resp.ProtoAtLeast(1, 1) || resp.ProtoMajor != 1) {
		return handshake.Agreement{}, &handshake.BadResponse{
			Status: resp.StatusCode, Section: "§4.1",
			Reason: fmt.Sprintf("response is %s, not HTTP/1.1", printable(resp.Proto)),
		}
	}
	agreed, wrong := offer.Check(resp.StatusCode, resp.Header)
	if wrong != nil {
		return agreed, wrong
	}
	return agreed, nil
}
