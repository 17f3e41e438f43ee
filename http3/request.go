package http3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"
	"golang.org/x/net/http/httpguts"

	"github.com/hawser-ws/websocket/handshake"
)

const (
	// maxResponseHead is what we announce, in bytes: as much as Dial takes unless told otherwise.
	maxResponseHead = 64 << 10
	// maxInformational is how many 1xx responses may come before the one that counts.
	maxInformational = 5
)

// connect sends a request on a stream that was opened for it, and waits for the answer. The
// stream is released with what it returns.
func (c *conn) connect(s *quic.Stream, r *http.Request, headerBytes int) (net.Conn, *http.Response, error) {
	over := &stream{bytes: s, half: s, fail: c.fail, freed: c.release, local: c.quic.LocalAddr(), remote: c.quic.RemoteAddr()}
	stop := context.AfterFunc(r.Context(), func() { over.cancel(h3.ErrCodeRequestCanceled) })
	resp, err := c.exchange(over, r, headerBytes)
	c.answered(s)
	if !stop() && err == nil {
		err = r.Context().Err()
	}
	if err != nil {
		_ = over.Close()
		return nil, nil, err
	}
	state := c.quic.ConnectionState().TLS
	resp.TLS = &state
	if resp.StatusCode/100 == 2 {
		resp.Body = http.NoBody
		return over, resp, nil
	}
	over.body = true
	resp.Body = over
	return nil, resp, nil
}

// exchange sends the request and reads the response.
func (c *conn) exchange(over *stream, r *http.Request, headerBytes int) (*http.Response, error) {
	head, err := appendRequest(r, c.maxFields)
	if err != nil {
		return nil, err
	}
	if _, err := over.bytes.Write(head); err != nil {
		return nil, opError("sending the request", err)
	}
	trace := clientTrace(r.Context())
	traceRequest(trace, r)
	for range maxInformational + 1 {
		resp, err := over.readHead(headerBytes)
		if err != nil {
			return nil, err
		}
		if trace.GotFirstResponseByte != nil {
			trace.GotFirstResponseByte()
			trace.GotFirstResponseByte = nil
		}
		if resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
	over.cancel(h3.ErrCodeExcessiveLoad)
	return nil, malformed("RFC 9110 §15.2", "more than %d informational responses", maxInformational)
}

// appendRequest returns the HEADERS frame of extended CONNECT (RFC 8441 §4, RFC 9220 §3). most is
// how large the server lets the fields be.
func appendRequest(r *http.Request, most uint64) ([]byte, error) {
	var block bytes.Buffer
	encoder := qpack.NewEncoder(&block)
	size := uint64(0)
	for name, value := range requestFields(r) {
		size += uint64(len(name) + len(value) + 32) // RFC 9114 §4.2.2
		_ = encoder.WriteField(qpack.HeaderField{Name: name, Value: value})
	}
	if size > most {
		return nil, fmt.Errorf("the request has %d bytes of header fields, and the server takes %d", size, most)
	}
	frame := quicvarint.Append([]byte{frameHeaders}, uint64(block.Len()))
	return append(frame, block.Bytes()...), nil
}

// requestFields are the fields of a request as they go over the wire.
func requestFields(r *http.Request) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, f := range [][2]string{
			{":method", r.Method}, {":protocol", r.Proto}, {":scheme", r.URL.Scheme}, {":authority", r.Host}, {":path", r.URL.RequestURI()},
		} {
			if !yield(f[0], f[1]) {
				return
			}
		}
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			for _, value := range r.Header[name] {
				if !yield(strings.ToLower(name), value) {
					return
				}
			}
		}
	}
}

// clientTrace returns a copy of the hooks in the context; never nil.
func clientTrace(ctx context.Context) *httptrace.ClientTrace {
	if trace := httptrace.ContextClientTrace(ctx); trace != nil {
		own := *trace
		return &own
	}
	return &httptrace.ClientTrace{}
}

// traceRequest tells the hooks of a request that was sent.
func traceRequest(trace *httptrace.ClientTrace, r *http.Request) {
	if trace.WroteHeaderField != nil {
		for name, value := range requestFields(r) {
			trace.WroteHeaderField(name, []string{value})
		}
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
}

// readHead reads the head of a response.
func (s *stream) readHead(most int) (*http.Response, error) {
	block, err := s.readBlock(most)
	if err != nil {
		return nil, err
	}
	resp, err := parseResponse(qpack.NewDecoder().Decode(block), most)
	switch _, bad := errors.AsType[*handshake.BadResponse](err); {
	case bad:
		s.cancel(h3.ErrCodeMessageError) // RFC 9114 §4.1.2
	case err != nil: // RFC 9204 §2.2
		s.fail(h3.ErrCodeQPACKDecompressionFailed)
		err = malformed("RFC 9204 §2.2", "the header of the response cannot be read: %q", err)
	}
	return resp, err
}

// readBlock reads a HEADERS frame.
func (s *stream) readBlock(most int) ([]byte, error) {
	for {
		if err := s.in.next(s.bytes); err != nil {
			return nil, s.responseError(err)
		}
		switch kind := s.in.kind; {
		case kind == frameHeaders && s.in.left > uint64(most):
			s.cancel(h3.ErrCodeExcessiveLoad)
			return nil, malformed("RFC 9114 §4.2.2", "the header of the response is larger than %d bytes", most)
		case kind == frameHeaders:
			block := make([]byte, s.in.left)
			for at := 0; at < len(block); {
				n, err := s.in.read(s.bytes, block[at:])
				if err != nil {
					return nil, s.responseError(err)
				}
				at += n
			}
			return block, nil
		case !unknownFrame(kind): // RFC 9114 §4.1
			s.fail(h3.ErrCodeFrameUnexpected)
			return nil, errFrame
		}
		for s.in.left > 0 {
			var dropped [256]byte
			if _, err := s.in.read(s.bytes, dropped[:]); err != nil {
				return nil, s.responseError(err)
			}
		}
	}
}

// responseError says why there is no response.
func (s *stream) responseError(err error) error {
	if err = s.readError(err); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// malformed is a response that breaks the rules of HTTP/3.
func malformed(section, format string, args ...any) error {
	return &handshake.BadResponse{Section: section, Reason: fmt.Sprintf(format, args...)}
}

// parseResponse reads the fields of a response (RFC 9114 §4.2, §4.3.2).
func parseResponse(next qpack.DecodeFunc, most int) (*http.Response, error) {
	resp := &http.Response{Proto: "HTTP/3.0", ProtoMajor: 3, Header: make(http.Header), ContentLength: -1}
	for {
		f, err := next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if most -= len(f.Name) + len(f.Value) + 32; most < 0 {
			return nil, malformed("RFC 9114 §4.2.2", "the header of the response is too large")
		}
		if f.Name == ":status" && resp.StatusCode == 0 && len(resp.Header) == 0 {
			resp.StatusCode, err = strconv.Atoi(f.Value)
			if err != nil || len(f.Value) != 3 || resp.StatusCode < 100 {
				return nil, malformed("RFC 9114 §4.3.2", "the status is %q", f.Value)
			}
			continue
		}
		if err := checkField(f); err != nil {
			return nil, err
		}
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		resp.Header[name] = append(resp.Header[name], f.Value)
	}
	if resp.StatusCode == 0 {
		return nil, malformed("RFC 9114 §4.3.2", "the response has no status")
	}
	resp.Status = strconv.Itoa(resp.StatusCode) + " " + http.StatusText(resp.StatusCode)
	return resp, nil
}

// checkField judges a field that is no pseudo-header.
func checkField(f qpack.HeaderField) error {
	switch f.Name {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return malformed("RFC 9114 §4.2", "the response has %s, which does not exist in HTTP/3", f.Name)
	}
	if !httpguts.ValidHeaderFieldName(f.Name) || strings.ToLower(f.Name) != f.Name {
		return malformed("RFC 9114 §4.2", "the response has a field named %q", f.Name)
	}
	if !httpguts.ValidHeaderFieldValue(f.Value) {
		return malformed("RFC 9114 §4.2", "the response has the field %s with an invalid value", f.Name)
	}
	return nil
}
