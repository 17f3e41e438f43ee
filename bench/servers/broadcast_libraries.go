package servers

import (
	"context"
	"io"
	"net"
	"net/http"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	gorilla "github.com/gorilla/websocket"
	"github.com/lesismal/nbio/nbhttp"
	nbio "github.com/lesismal/nbio/nbhttp/websocket"
	"github.com/lxzan/gws"

	"github.com/hawser-ws/websocket"
	dropin "github.com/hawser-ws/websocket/gorilla"
	"github.com/hawser-ws/websocket/hub"
)

func hubHawser(l net.Listener) (func([]byte), func() int) {
	var all hub.Hub
	h := websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		all.Add(c) // it leaves by itself
		for {
			if _, _, err := c.Read(ctx); err != nil {
				return err
			}
		}
	}, nil)
	handle(l, h.ServeHTTP)
	return func(text []byte) { _ = all.Broadcast(websocket.Prepare(websocket.MessageText, text)) }, all.Len
}

func hubGorilla(l net.Listener) (func([]byte), func() int) {
	var u gorilla.Upgrader
	return hubOfGorilla(l, func(w http.ResponseWriter, r *http.Request) (*gorilla.Conn, error) { return u.Upgrade(w, r, nil) },
		func(text []byte) (*gorilla.PreparedMessage, error) {
			return gorilla.NewPreparedMessage(gorilla.TextMessage, text)
		})
}

func hubAsGorilla(l net.Listener) (func([]byte), func() int) {
	var u dropin.Upgrader
	return hubOfGorilla(l, func(w http.ResponseWriter, r *http.Request) (*dropin.Conn, error) { return u.Upgrade(w, r, nil) },
		func(text []byte) (*dropin.PreparedMessage, error) {
			return dropin.NewPreparedMessage(dropin.TextMessage, text)
		})
}

// gorillaMember is a connection of gorilla's, or of ours with its API.
type gorillaMember[P any] interface {
	comparable
	NextReader() (typ int, r io.Reader, err error)
	WritePreparedMessage(P) error
	Close() error
}

func hubOfGorilla[C gorillaMember[P], P any](l net.Listener, upgrade func(http.ResponseWriter, *http.Request) (C, error), prepare func([]byte) (P, error)) (func([]byte), func() int) {
	var m members[C]
	handle(l, func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrade(w, r)
		if err != nil {
			return
		}
		defer c.Close()
		m.add(c)
		defer m.remove(c)
		for {
			if _, _, err := c.NextReader(); err != nil {
				return
			}
		}
	})
	return m.sender(func(all []C, text []byte) {
		p, err := prepare(text)
		if err != nil {
			return
		}
		for _, c := range all {
			_ = c.WritePreparedMessage(p)
		}
	}), m.count
}

// hubCoder: the library cannot frame a message once for all.
func hubCoder(l net.Listener) (func([]byte), func() int) {
	var m members[*coder.Conn]
	handle(l, func(w http.ResponseWriter, r *http.Request) {
		c, err := coder.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		m.add(c)
		defer m.remove(c)
		<-c.CloseRead(context.Background()).Done()
	})
	return m.sender(func(all []*coder.Conn, text []byte) {
		ctx := context.Background()
		for _, c := range all {
			_ = c.Write(ctx, coder.MessageText, text)
		}
	}), m.count
}

type gwsHub struct {
	gws.BuiltinEventHandler
	members[*gws.Conn]
}

func (h *gwsHub) OnOpen(c *gws.Conn)           { h.add(c) }
func (h *gwsHub) OnClose(c *gws.Conn, _ error) { h.remove(c) }

func hubGws(l net.Listener) (func([]byte), func() int) {
	h := new(gwsHub)
	upgrader := gws.NewUpgrader(h, nil)
	handle(l, func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r); err == nil {
			go c.ReadLoop()
		}
	})
	return h.sender(func(all []*gws.Conn, text []byte) {
		b := gws.NewBroadcaster(gws.OpcodeText, text)
		defer b.Close()
		for _, c := range all {
			_ = b.Broadcast(c)
		}
	}), h.count
}

func hubGobwas(l net.Listener) (func([]byte), func() int) {
	var m members[net.Conn]
	go func() {
		_ = serveConns(l, func(nc net.Conn) {
			if _, err := ws.Upgrade(nc); err == nil {
				m.add(nc)
				defer m.remove(nc)
				untilClosed(nc)
			}
		})
	}()
	return m.sender(func(all []net.Conn, text []byte) {
		frame, err := ws.CompileFrame(ws.NewTextFrame(text))
		if err != nil {
			return
		}
		for _, nc := range all {
			_, _ = nc.Write(frame)
		}
	}), m.count
}

// hubNbio: the library cannot frame a message once for all.
func hubNbio(l net.Listener) (func([]byte), func() int) {
	var m members[*nbio.Conn]
	upgrader := nbio.NewUpgrader()
	upgrader.KeepaliveTime = 0
	upgrader.OnOpen(m.add)
	upgrader.OnClose(func(c *nbio.Conn, _ error) { m.remove(c) })
	engine := nbhttp.NewEngine(nbhttp.Config{
		Network: "tcp",
		Addrs:   []string{l.Addr().String()},
		Listen:  func(string, string) (net.Listener, error) { return l, nil },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = upgrader.Upgrade(w, r, nil) }),
	})
	upgrader.Engine = engine
	quietNbio()
	_ = engine.Start()
	return m.sender(func(all []*nbio.Conn, text []byte) {
		for _, c := range all {
			_ = c.WriteMessage(nbio.TextMessage, text)
		}
	}), m.count
}
