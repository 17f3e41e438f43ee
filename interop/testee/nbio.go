// The testee of github.com/lesismal/nbio, in the mode in which its event loop reads.

package main

import (
	"net/http"
	"time"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"
)

// nbioLimit is above the largest message of the suite; the default is 4 MiB.
const nbioLimit = 64 << 20

func nbioOptions() *websocket.Upgrader {
	u := websocket.NewUpgrader()
	u.EnableCompression(true)
	u.MessageLengthLimit = nbioLimit
	u.KeepaliveTime = 0
	u.CheckOrigin = func(*http.Request) bool { return true }
	u.OnMessage(func(c *websocket.Conn, kind websocket.MessageType, data []byte) {
		_ = c.WriteMessage(kind, data)
	})
	return u
}

func startNbio(config nbhttp.Config) (*nbhttp.Engine, error) {
	logging.SetLevel(logging.LevelError)
	config.ReadLimit = nbioLimit + 1<<20
	engine := nbhttp.NewEngine(config)
	return engine, engine.Start()
}

// listenNbio serves until the process ends.
func listenNbio(address string) error {
	upgrader := nbioOptions()
	_, err := startNbio(nbhttp.Config{
		Network: "tcp",
		Addrs:   []string{address},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := upgrader.Upgrade(w, r, nil); err == nil {
				_ = c.SetDeadline(time.Time{}) // that of the handshake
			}
		}),
	})
	if err != nil {
		return err
	}
	select {}
}

// nbioClient starts an engine for each case: it costs nothing here, and nothing is left of one
// case in the next.
type nbioClient struct{}

func (nbioClient) message(url string) ([]byte, error) {
	first := make(chan []byte, 1)
	options := nbioOptions()
	options.OnMessage(func(c *websocket.Conn, _ websocket.MessageType, data []byte) {
		first <- append([]byte{}, data...)
		_ = c.Close()
	})
	if err := runNbio(url, options); err != nil {
		return nil, err
	}
	return <-first, nil
}

func (nbioClient) echo(url string) error { return runNbio(url, nbioOptions()) }

// runNbio returns when the connection has ended.
func runNbio(url string, options *websocket.Options) error {
	engine, err := startNbio(nbhttp.Config{})
	if err != nil {
		return err
	}
	defer engine.Stop()
	over := make(chan struct{})
	options.OnClose(func(*websocket.Conn, error) { close(over) })
	dialer := &websocket.Dialer{Engine: engine, Options: options, EnableCompression: true, DialTimeout: 10 * time.Second}
	c, _, err := dialer.Dial(url, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	select {
	case <-over:
	case <-time.After(caseLimit):
	}
	return nil
}
