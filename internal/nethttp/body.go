package nethttp

import (
	"io"
	"net"
	"reflect"
)

// Beneath returns the connection beneath the body of a 101 of an http.Transport, and what was
// read from there behind the response. A body has no deadlines, so reading it would take a
// goroutine for each connection, and cancelling a write would cost the connection. Nothing
// but the body uses its connection: net/http leaves it to us.
//
// No method leads there, so Beneath looks for the fields that we know. Without them it returns
// the body.
func Beneath(body io.ReadWriteCloser) (stream io.ReadWriteCloser, buffered []byte) {
	v := reflect.ValueOf(body)
	if v.Kind() != reflect.Pointer || v.Type().Elem().PkgPath() != "net/http" || v.Type().Elem().Name() != "readWriteCloserBody" {
		return body, nil
	}
	reader, inner := v.Elem().FieldByName("br"), v.Elem().FieldByName("ReadWriteCloser")
	if reader.Kind() != reflect.Pointer || inner.Kind() != reflect.Interface {
		return body, nil
	}
	conn, ok := inner.Interface().(net.Conn)
	if !ok {
		return body, nil
	}
	for !reader.IsNil() { // while it is there, it holds something, and Read does not wait
		p := make([]byte, 4<<10)
		n, err := body.Read(p)
		if buffered = append(buffered, p[:n]...); err != nil {
			return body, buffered
		}
	}
	return conn, buffered
}
