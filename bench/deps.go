package main

// What commands to come need, so that go.mod need not change under them.
import (
	_ "github.com/gobwas/ws"
	_ "github.com/lesismal/nbio/nbhttp/websocket"
	_ "golang.org/x/net/websocket"
	_ "gonum.org/v1/plot"
	_ "gonum.org/v1/plot/plotter"
	_ "gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg"
	_ "gonum.org/v1/plot/vg/vgsvg"
)
