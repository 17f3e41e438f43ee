package autobahn

import (
	"slices"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A case that fails while other cases run is played again alone before it is judged, because on
// a busy machine a correct peer can be late. The second result counts.

// doubted returns the cases whose results are in doubt.
func doubted(cases []*Case, results []*Result) (list []*Case) {
	doubt := map[string]bool{}
	for _, r := range results {
		doubt[r.ID] = verdict.InDoubt(r)
	}
	for _, c := range cases {
		if doubt[c.ID] {
			list = append(list, c)
		}
	}
	return list
}

// unplayed returns the cases without a result.
func unplayed(cases []*Case, results []*Result) []*Case {
	played := map[string]bool{}
	for _, r := range results {
		played[r.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(cases), func(c *Case) bool { return played[c.ID] })
}

// defaultParallel is the default number of cases played at a time. They spend nearly all of
// their time waiting.
const defaultParallel = 16

// byWeight separates cases that move megabytes from the others.
func byWeight(cases []*Case) (light, heavy []*Case) {
	for _, c := range cases {
		if c.play.Heavy {
			heavy = append(heavy, c)
		} else {
			light = append(light, c)
		}
	}
	return light, heavy
}

// byCompany separates cases that touch the streams of others on their connection from the rest.
func byCompany(cases []*Case) (social, alone []*Case) {
	for _, c := range cases {
		if c.play.Alone {
			alone = append(alone, c)
		} else {
			social = append(social, c)
		}
	}
	return social, alone
}

// indexes returns the numbers of some of the cases; the first of all is 1.
func indexes(all, some []*Case) (list []int) {
	wanted := map[*Case]bool{}
	for _, c := range some {
		wanted[c] = true
	}
	for i, c := range all {
		if wanted[c] {
			list = append(list, i+1)
		}
	}
	return list
}
