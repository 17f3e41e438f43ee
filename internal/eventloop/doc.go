// Package eventloop runs what is due on sockets, many of them on one goroutine. It knows
// nothing of what the sockets carry.
package eventloop
