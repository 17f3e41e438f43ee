//go:build unix

package main

import (
	"io"
	"net"
	"slices"
	"sync"
	"testing"
)

// A balancer stands in front of several servers, as a load balancer does: it
// carries each connection to the first of them that lives. It looks at no byte.
type balancer struct {
	addr    string
	servers []string // by preference

	mu      sync.Mutex
	closing bool
	open    []net.Conn
	running sync.WaitGroup
}

func balance(t *testing.T, servers ...string) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{addr: listener.Addr().String(), servers: servers}
	b.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed below
			}
			b.running.Go(func() { b.carry(client) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		b.mu.Lock()
		b.closing = true
		for _, c := range b.open {
			c.Close()
		}
		b.mu.Unlock()
		b.running.Wait()
	})
	return b
}

// carry lasts as long as the connection of one client.
func (b *balancer) carry(client net.Conn) {
	server := b.living()
	if server == nil {
		client.Close()
		return
	}
	if !b.keep(client, server) {
		client.Close()
		server.Close()
		return
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			// Where one side has ended, the other learns it: by a FIN behind
			// the last byte, or by the end of both if it broke off.
			if _, err := io.Copy(way[1], way[0]); err != nil || way[1].(*net.TCPConn).CloseWrite() != nil {
				client.Close()
				server.Close()
			}
		})
	}
	both.Wait()
	b.drop(client, server)
}

// living connects to the first server that takes a connection, or is nil.
func (b *balancer) living() net.Conn {
	for _, addr := range b.servers {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c
		}
	}
	return nil
}

func (b *balancer) keep(pair ...net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return false
	}
	b.open = append(b.open, pair...)
	return true
}

func (b *balancer) drop(pair ...net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = slices.DeleteFunc(b.open, func(c net.Conn) bool { return slices.Contains(pair, c) })
	for _, c := range pair {
		c.Close()
	}
}
