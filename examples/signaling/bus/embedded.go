package bus

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// clusterName makes a node refuse servers of other clusters.
const clusterName = "signaling"

// readyWithin limits the start of a NATS server, which needs only its port.
const readyWithin = 10 * time.Second

// Embedded is a NATS server inside this process, a node of a cluster of such servers. It serves
// us in memory, and other nodes at the address of the cluster.
type Embedded struct {
	server *server.Server
	user   nats.Option // how to connect to it
	log    *natsLog
}

// ListenNATS returns a bus with a NATS server of our own. The address of the cluster is
// [user:password@][host]:port. Whoever knows user and password belongs to it. routes are
// addresses of other nodes; one that is up is enough. They use our user and password if they
// have none.
func ListenNATS(cluster string, routes []string, name string, log *slog.Logger) (*NATS, error) {
	id := newID()
	options, err := clusterOptions(cluster, routes)
	if err != nil {
		return nil, err
	}
	options.ServerName = "signaling-" + id
	e := &Embedded{user: nats.UserInfo(options.Username, options.Password), log: &natsLog{log: log}}
	if e.server, err = server.NewServer(options); err != nil {
		return nil, fmt.Errorf("NATS server: %w", err)
	}
	e.server.SetLoggerV2(e.log, false, false, false)
	e.server.Start()
	if err := e.ready(); err != nil {
		e.close()
		return nil, err
	}
	if options.Cluster.Username == "" && !loopback(options.Cluster.Host) {
		log.Warn("whoever reaches -cluster can join: give it user:password@")
	}
	log.Info("NATS server, a node of a cluster", "address", e.server.ClusterAddr().String())
	b, err := newNATS(id, "", name, e, log)
	if err != nil {
		e.close()
	}
	return b, err
}

// ClusterAddr returns the address at which other nodes find this one.
func (b *NATS) ClusterAddr() string {
	if b.embedded == nil {
		return ""
	}
	return b.embedded.server.ClusterAddr().String()
}

// ready waits until the server serves or has failed.
func (e *Embedded) ready() error {
	for end := time.Now().Add(readyWithin); time.Now().Before(end); {
		ready := e.server.ReadyForConnections(100 * time.Millisecond)
		if err := e.log.failure(); ready || err != nil {
			return err
		}
	}
	return errors.New("NATS server: not ready in time")
}

func (e *Embedded) close() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}

func clusterOptions(cluster string, routes []string) (*server.Options, error) {
	own, err := nodeURL(cluster)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(own.Port(), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("cluster address %s: no port", own.Redacted())
	}
	// A server without a port for clients (DontListen) would not connect to its routes. This
	// one has a port that is not announced, and a password that only we know.
	options := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, Username: "signaling", Password: rand.Text(), NoSigs: true,
	}
	options.Cluster = server.ClusterOpts{
		Name: clusterName, Host: cmp.Or(own.Hostname(), "0.0.0.0"), Port: int(port), Username: own.User.Username(),
	}
	if port == 0 {
		options.Cluster.Port = server.RANDOM_PORT
	}
	options.Cluster.Password, _ = own.User.Password()
	for _, route := range routes {
		u, err := nodeURL(route)
		if err != nil {
			return nil, err
		}
		if u.User == nil {
			u.User = own.User
		}
		options.Routes = append(options.Routes, u)
	}
	return options, nil
}

// nodeURL parses the address of a node, with or without nats:// before it.
func nodeURL(addr string) (*url.URL, error) {
	u, err := url.Parse("nats://" + strings.TrimPrefix(strings.TrimSpace(addr), "nats://"))
	if err != nil || u.Port() == "" || strings.Trim(u.Path, "/") != "" {
		// The error of url.Parse would contain the password.
		return nil, errors.New("the address of a cluster node must be [user:password@][host]:port")
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// natsLog receives the log of a NATS server.
type natsLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string] // the first fatal error
}

func (l *natsLog) Noticef(format string, v ...any) {
	l.log.Debug("NATS server", "says", fmt.Sprintf(format, v...))
}
func (l *natsLog) Warnf(format string, v ...any) {
	l.log.Warn("NATS server", "says", fmt.Sprintf(format, v...))
}
func (l *natsLog) Errorf(format string, v ...any) {
	l.log.Warn("NATS server", "says", fmt.Sprintf(format, v...))
}
func (l *natsLog) Debugf(string, ...any) {}
func (l *natsLog) Tracef(string, ...any) {}

func (l *natsLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &text)
	l.log.Error("NATS server", "says", text)
}

func (l *natsLog) failure() error {
	if text := l.fatal.Load(); text != nil {
		return errors.New("NATS server: " + *text)
	}
	return nil
}
