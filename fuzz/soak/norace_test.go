//go:build linux && !race

package soak

const race = false
