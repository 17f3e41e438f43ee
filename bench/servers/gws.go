package servers

import (
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

type gwsLib struct{}

func (gwsLib) Module() string { return "github.com/lxzan/gws" }

func (gwsLib) Echo(l net.Listener, s Settings) error {
	takeover := s.Mode == Takeover
	upgrader := gws.NewUpgrader(gwsEcho{}, &gws.ServerOption{
		PermessageDeflate: gws.PermessageDeflate{
			Enabled:               s.Mode != None,
			Level:                 s.Level,
			ServerContextTakeover: takeover,
			ClientContextTakeover: takeover,
			ServerMaxWindowBits:   s.Bits,
			ClientMaxWindowBits:   s.Bits,
		},
	})
	return serveHTTP(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		go c.ReadLoop() // so that the handler's memory can be freed
	}))
}

type gwsEcho struct{ gws.BuiltinEventHandler }

func (gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	_ = c.WriteMessage(m.Opcode, m.Bytes())
}
