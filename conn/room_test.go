//go:build !race

package conn

// room is how many frames besides a Close frame each direction holds.
const room = 3
