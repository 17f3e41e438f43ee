package main

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A barChart has horizontal bars, the shortest on top.
type barChart struct {
	title, x string
	bars     []bar
}

type bar struct {
	lib, label string
	value      float64
}

func (c *barChart) draw(file string) error {
	p := newPlot(c.title)
	p.X.Label.Text = c.x
	bars := slices.SortedStableFunc(slices.Values(c.bars), func(a, b bar) int { return cmp.Compare(b.value, a.value) })
	var names []string
	most := 0.0
	labels := plotter.XYLabels{}
	for i, b := range bars {
		one, err := plotter.NewBarChart(plotter.Values{b.value}, vg.Points(16))
		if err != nil {
			return err
		}
		style, _ := look(b.lib)
		one.XMin, one.Horizontal, one.Color, one.LineStyle.Width = float64(i), true, style.Color, 0
		p.Add(one)
		names = append(names, b.label)
		most = max(most, b.value)
		labels.XYs = append(labels.XYs, plotter.XY{X: b.value, Y: float64(i)})
		labels.Labels = append(labels.Labels, figure(b.value))
	}
	values, err := plotter.NewLabels(labels)
	if err != nil {
		return err
	}
	for i := range values.TextStyle {
		values.TextStyle[i].Font = p.X.Tick.Label.Font
		values.TextStyle[i].YAlign = -0.4
	}
	values.Offset.X = vg.Points(4)
	p.Add(values)
	p.NominalY(names...)
	p.X.Min, p.X.Max = 0, most*1.12
	height := vg.Length(90 + 24*len(bars))
	return save(file, plotWidth, height, func(canvas draw.Canvas) { p.Draw(canvas) })
}
