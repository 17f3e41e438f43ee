//go:build !race

package websocket_test

const raced = false
