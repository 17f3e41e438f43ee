package bus

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// The subjects are PREFIX.all.TOPIC.FROM and PREFIX.to.SERVER.TOPIC.FROM.
const prefix = "signaling.v1"

const (
	// The loss of a NATS server is noticed after natsPing*(natsPings+1).
	natsPing  = 2 * time.Second
	natsPings = 2
	natsRetry = time.Second
	// natsWrite limits a write to a NATS server that does not read.
	natsWrite = 5 * time.Second
	// natsGoodbye limits sending when we leave, twice.
	natsGoodbye = time.Second
)

// NATS is a bus over a NATS server. While that is unreachable, messages are lost. Servers ask
// for the missing information when they hear each other again.
type NATS struct {
	id       string
	conn     *nats.Conn
	handlers handlers
	log      *slog.Logger
	embedded *Embedded // nil if the NATS server is not ours

	// Callers write to a channel, because writing to a NATS server that does not read would
	// block.
	out     chan *nats.Msg
	in      chan *nats.Msg
	leaving chan struct{} // closed by Close
	sending sync.WaitGroup
	hearing sync.WaitGroup
	close   sync.Once
}

// DialNATS returns a bus over the NATS server at a URL, which may contain user and password.
// The server need not be up yet.
func DialNATS(url, name string, log *slog.Logger) (*NATS, error) {
	return newNATS(newID(), url, name, nil, log)
}

func newNATS(id, url, name string, embedded *Embedded, log *slog.Logger) (*NATS, error) {
	b := &NATS{
		id: id, handlers: make(handlers), log: log, embedded: embedded,
		out: make(chan *nats.Msg, queueLength), in: make(chan *nats.Msg, queueLength), leaving: make(chan struct{}),
	}
	options := []nats.Option{
		nats.Name("signaling " + name),
		nats.NoEcho(),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(natsRetry),
		nats.ReconnectBufSize(-1), // drop rather than send late
		nats.PingInterval(natsPing),
		nats.MaxPingsOutstanding(natsPings),
		nats.FlusherTimeout(natsWrite),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { log.Warn("NATS server lost", "error", err) }),
		nats.ConnectHandler(func(c *nats.Conn) { log.Info("NATS server found", "url", c.ConnectedUrlRedacted()) }),
		nats.ReconnectHandler(func(c *nats.Conn) { log.Info("NATS server found again", "url", c.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("NATS", "error", err) }),
	}
	if embedded != nil {
		options = append(options, nats.InProcessServer(embedded.server), embedded.user)
	}
	var err error
	if b.conn, err = nats.Connect(url, options...); err != nil {
		return nil, fmt.Errorf("NATS: %w", err)
	}
	return b, nil
}

// ID returns the name of this server.
func (b *NATS) ID() string { return b.id }

// Handle makes f receive the messages of a topic.
func (b *NATS) Handle(topic Topic, f func(from string, body []byte)) { b.handlers[topic] = f }

// Start begins to receive. Messages for all and messages for us use one channel, so that they
// stay in order.
func (b *NATS) Start() error {
	for _, subject := range []string{prefix + ".all.>", prefix + ".to." + b.id + ".>"} {
		if _, err := b.conn.ChanSubscribe(subject, b.in); err != nil {
			return fmt.Errorf("NATS: %w", err)
		}
	}
	b.hearing.Go(b.receive)
	b.sending.Go(b.send)
	return nil
}

func (b *NATS) receive() {
	for {
		select {
		case m := <-b.in:
			// The last two tokens are the topic and the sender.
			tokens := strings.Split(m.Subject, ".")
			topic, from := tokens[len(tokens)-2], tokens[len(tokens)-1]
			if err := wire.ValidIdentity(from); err != nil {
				b.log.Warn("NATS: a message from nobody", "subject", m.Subject)
				continue
			}
			b.handlers.call(Topic(topic), from, m.Data)
		case <-b.leaving:
			return
		}
	}
}

// Broadcast sends to all other servers.
func (b *NATS) Broadcast(topic Topic, body []byte) { b.put(prefix+".all.", topic, body) }

// Send sends to one server.
func (b *NATS) Send(to string, topic Topic, body []byte) { b.put(prefix+".to."+to+".", topic, body) }

func (b *NATS) put(to string, topic Topic, body []byte) {
	select {
	case b.out <- &nats.Msg{Subject: to + string(topic) + "." + b.id, Data: slices.Clone(body)}:
	default: // lost: the NATS server is unreachable, or does not read
	}
}

func (b *NATS) send() {
	for {
		select {
		case m := <-b.out:
			b.publish(m)
		case <-b.leaving:
			for deadline := time.Now().Add(natsGoodbye); time.Now().Before(deadline); {
				select {
				case m := <-b.out:
					b.publish(m)
				default:
					return
				}
			}
			return
		}
	}
}

// publish loses the message if there is no connection: see [NATS].
func (b *NATS) publish(m *nats.Msg) {
	if err := b.conn.PublishMsg(m); err != nil {
		b.log.Debug("NATS: message lost", "subject", m.Subject, "error", err)
	}
}

// Close sends what is queued and leaves the bus.
func (b *NATS) Close() {
	b.close.Do(func() {
		close(b.leaving)
		b.sending.Wait()
		if err := b.conn.FlushTimeout(natsGoodbye); err != nil {
			b.log.Warn("NATS: the last messages may be lost", "error", err)
		}
		b.conn.Close()
		b.hearing.Wait()
		if b.embedded != nil {
			b.embedded.close()
		}
	})
}
