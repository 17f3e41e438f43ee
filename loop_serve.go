package websocket

import (
	"net"
	"net/http"
)

// Serve accepts connections and serves them, until Shutdown is called or the listener fails.
// It performs the opening handshake as [Upgrade] does, without net/http. What fails before
// there is a connection is reported to [AcceptOptions.OnError].
//
// Serve closes the listener. It returns [http.ErrServerClosed] after Shutdown, and the
// listener's error otherwise.
func (l *Loop) Serve(listener net.Listener) error {
	defer listener.Close()
	if !l.listen(listener) {
		return http.ErrServerClosed
	}
	defer l.unlisten(listener)
	err := l.acceptFrom(listener)
	if l.isShutDown() {
		return http.ErrServerClosed
	}
	return err
}

func (l *Loop) isShutDown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle != nil
}

// listen notes a listener for Shutdown. It fails after that.
func (l *Loop) listen(listener net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return false
	}
	if l.listeners == nil {
		l.listeners = make(map[net.Listener]struct{})
	}
	l.listeners[listener] = struct{}{}
	return true
}

func (l *Loop) unlisten(listener net.Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.listeners, listener)
}
