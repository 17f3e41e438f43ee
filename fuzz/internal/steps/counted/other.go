//go:build !steps

package main

func main() { panic("counted: build it by package steps") }
