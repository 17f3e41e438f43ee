package main

import (
	"bytes"
	"cmp"
	"image/color"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/hawser-ws/websocket/bench/servers"
)

// look returns the style of a library, the same in all plots: ours in the strongest colour,
// each other in its own, floors in greys.
func look(lib string) (draw.LineStyle, draw.GlyphDrawer) {
	s := draw.LineStyle{Width: vg.Points(1.5), Color: color.Gray{120}}
	var glyph draw.GlyphDrawer = draw.CircleGlyph{}
	name, _, variant := strings.Cut(lib, "-")
	switch name {
	case "hawser":
		s.Color, s.Width = color.RGBA{R: 0xD0, G: 0x10, B: 0x20, A: 0xFF}, vg.Points(3)
	case "gorilla":
		s.Color, glyph = color.RGBA{G: 0x60, B: 0xA8, A: 0xFF}, draw.BoxGlyph{}
	case "coder":
		s.Color, glyph = color.RGBA{R: 0x00, G: 0x8A, B: 0x60, A: 0xFF}, draw.PyramidGlyph{}
	case "gws":
		s.Color, glyph = color.RGBA{R: 0xD8, G: 0x8A, A: 0xFF}, draw.SquareGlyph{}
	case "gobwas":
		s.Color, glyph = color.RGBA{R: 0x8E, G: 0x4E, B: 0xA8, A: 0xFF}, draw.TriangleGlyph{}
	case "nbio":
		s.Color, glyph = color.RGBA{R: 0x3C, G: 0xA8, B: 0xD8, A: 0xFF}, draw.RingGlyph{}
	case "xnet":
		s.Color, glyph = color.RGBA{R: 0x8C, G: 0x5A, B: 0x3C, A: 0xFF}, draw.CrossGlyph{}
	case "ws":
		s.Color, glyph = color.RGBA{R: 0xC0, G: 0x60, B: 0x90, A: 0xFF}, draw.PlusGlyph{}
	case "tcp", servers.Parked, servers.LoopInGo, servers.ByHandInGo, servers.ByHandInHTTP:
		s.Color, variant = color.Gray{0x30}, true
	case "rawconn":
		s.Color, variant = color.Gray{0x70}, true
	case "epoll", servers.LoopInC, servers.ByHandInC:
		s.Color, variant = color.Gray{0xA0}, true
	}
	if variant {
		s.Dashes, s.Width = []vg.Length{vg.Points(5), vg.Points(3)}, vg.Points(1.5)
	}
	return s, glyph
}

// A chart has lines over two logarithmic axes, one for each library.
type chart struct {
	title, x, y string
	tick        func(int) string // labels on the x axis, at the points
	libs        []string
	lines       map[string]plotter.XYs
}

func (c *chart) add(lib string, x, y float64) {
	if !(x > 0 && y > 0) {
		return
	}
	if c.lines == nil {
		c.lines = make(map[string]plotter.XYs)
	}
	if c.lines[lib] == nil {
		c.libs = append(c.libs, lib)
	}
	c.lines[lib] = append(c.lines[lib], plotter.XY{X: x, Y: y})
}

// points returns the length of the longest line.
func (c *chart) points() (most int) {
	for _, l := range c.lines {
		most = max(most, len(l))
	}
	return most
}

const plotWidth, plotHeight, legendWidth = 760, 440, 145 // points

func (c *chart) draw(file string) error {
	p := newPlot(c.title)
	p.X.Label.Text, p.Y.Label.Text = c.x, c.y
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.Add(plotter.NewGrid())
	legend := plot.NewLegend()
	legend.TextStyle, legend.Top, legend.Left = p.Legend.TextStyle, true, true
	legend.ThumbnailWidth, legend.Padding = vg.Points(30), vg.Points(4)

	xs := make(map[float64]bool)
	low, high := math.Inf(1), 0.0
	// The legend's order is that of the ends of the lines. Ours is drawn last, on top.
	end := func(lib string) float64 { l := c.lines[lib]; return l[len(l)-1].Y }
	libs := slices.SortedStableFunc(slices.Values(c.libs), func(a, b string) int { return cmp.Compare(end(b), end(a)) })
	drawn := slices.SortedStableFunc(slices.Values(libs), func(a, b string) int {
		return cmp.Compare(len(servers.Ours)*boolInt(a == servers.Ours), len(servers.Ours)*boolInt(b == servers.Ours))
	})
	thumbnails := make(map[string][]plot.Thumbnailer)
	for _, lib := range drawn {
		line, points, err := plotter.NewLinePoints(c.lines[lib])
		if err != nil {
			return err
		}
		line.LineStyle, points.GlyphStyle.Shape = look(lib)
		points.GlyphStyle.Color, points.GlyphStyle.Radius = line.Color, vg.Points(3)
		p.Add(line, points)
		thumbnails[lib] = []plot.Thumbnailer{line, points}
		for _, xy := range c.lines[lib] {
			xs[xy.X] = true
			low, high = min(low, xy.Y), max(high, xy.Y)
		}
	}
	for _, lib := range libs {
		legend.Add(lib, thumbnails[lib]...)
	}
	var ticks plot.ConstantTicks
	for x := range xs {
		ticks = append(ticks, plot.Tick{Value: x, Label: c.tick(int(x))})
	}
	p.X.Tick.Marker = ticks
	p.Y.Min, p.Y.Max = low/1.15, high*1.15
	p.Y.Tick.Marker = plot.TickerFunc(decades)
	return save(file, plotWidth, plotHeight, func(canvas draw.Canvas) {
		p.Draw(draw.Crop(canvas, 0, -legendWidth, 0, 0))
		legend.Draw(draw.Crop(canvas, plotWidth-legendWidth+vg.Points(8), 0, 0, -vg.Points(40)))
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// decades marks 1, 2 and 5 of each power of ten, or more numbers if those are few.
func decades(low, high float64) []plot.Tick {
	ticks := marks(low, high, 1, 2, 5)
	if len(ticks) < 4 {
		ticks = marks(low, high, 1, 1.5, 2, 3, 4, 5, 6, 8)
	}
	return ticks
}

func marks(low, high float64, digits ...float64) (ticks []plot.Tick) {
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, m := range digits {
			if v := m * math.Pow(10, e); v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)})
			}
		}
	}
	return ticks
}

// newPlot has a white background, so that it can be read on a dark page.
func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.Title.Padding = title, vg.Points(10)
	sans := func(f *font.Font, size float64) {
		f.Typeface, f.Variant, f.Size = "Liberation", "Sans", vg.Points(size)
	}
	sans(&p.Title.TextStyle.Font, 15)
	sans(&p.X.Label.TextStyle.Font, 12)
	sans(&p.Y.Label.TextStyle.Font, 12)
	sans(&p.X.Tick.Label.Font, 11)
	sans(&p.Y.Tick.Label.Font, 11)
	sans(&p.Legend.TextStyle.Font, 11)
	p.X.Label.Padding, p.Y.Label.Padding = vg.Points(6), vg.Points(6)
	return p
}

// save draws into a file. If the font is missing, it uses one with the same widths.
func save(file string, width, height vg.Length, paint func(draw.Canvas)) error {
	canvas := vgsvg.New(width, height)
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	paint(draw.Crop(c, vg.Points(8), -vg.Points(12), vg.Points(8), -vg.Points(8)))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	svg := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return os.WriteFile(file, svg, 0o644)
}
