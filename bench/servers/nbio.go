package servers

import (
	"net"
	"net/http"
	"os"
	"time"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"
)

// nbioLib is two libraries: an event loop that passes messages to a pool of goroutines and,
// with blocking, a goroutine for each connection that also writes, as in its author's own
// benchmark. With blocks some messages take long: see BlockWord.
type nbioLib struct{ blocking, blocks bool }

func (nbioLib) Module() string { return "github.com/lesismal/nbio" }

func (n nbioLib) Echo(l net.Listener, s Settings) error {
	logging.Output = os.Stderr // the first line on standard output is the address
	logging.SetLevel(logging.LevelError)
	upgrader := websocket.NewUpgrader()
	upgrader.KeepaliveTime = 0 // no deadline to move for each message
	upgrader.BlockingModAsyncWrite = false
	upgrader.OnMessage(func(c *websocket.Conn, typ websocket.MessageType, data []byte) {
		if n.blocks {
			block(data)
		}
		_ = c.WriteMessage(typ, data)
	})
	if s.Mode != None {
		upgrader.EnableCompression(true)
	}
	ended := make(chan error, 1)
	config := nbhttp.Config{
		Network:                 "tcp",
		Addrs:                   []string{l.Addr().String()},
		Listen:                  func(string, string) (net.Listener, error) { return &endingListener{l, ended}, nil },
		ReleaseWebsocketPayload: true,
		MaxLoad:                 1 << 20,
		// The default would split an answer of 64 KiB into three.
		MaxWebsocketFramePayloadSize: 1 << 20,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := upgrader.Upgrade(w, r, nil); err == nil {
				_ = c.SetReadDeadline(time.Time{}) // that of the handshake
			}
		}),
	}
	if n.blocking {
		config.IOMod = nbhttp.IOModBlocking
	}
	engine := nbhttp.NewEngine(config)
	upgrader.Engine = engine // for blocking connections
	if err := engine.Start(); err != nil {
		return err
	}
	err := <-ended
	engine.Stop()
	return err
}

// An endingListener reports when it is closed from outside. Then it keeps an engine from trying
// again.
type endingListener struct {
	net.Listener
	ended chan error
}

func (l *endingListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		select {
		case l.ended <- err:
		default:
		}
		time.Sleep(time.Millisecond)
	}
	return nc, err
}
