package cases

import (
	"slices"
	"sync"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Cases returns all cases for a role, in order: the 517 of the original, then chapters 20 and 21.
func Cases(judged verdict.Role) []*play.Case { return catalogs()[judged] }

// What connections give cases.
const (
	OverHTTP1 = play.NeedHTTP1 | play.NeedTCP
	OverHTTP2 = play.NeedHTTP2
)

// Over returns the cases for a role that need no more than a connection gives.
func Over(judged verdict.Role, gives play.Need) (list []*play.Case) {
	for _, c := range Cases(judged) {
		if c.Needs&^gives == 0 {
			list = append(list, c)
		}
	}
	return list
}

var catalogs = sync.OnceValue(func() map[verdict.Role][]*play.Case {
	all := slices.Concat(chapter1(), chapter2(), chapter3(), chapter4(), chapter5(), chapter6(),
		chapter7(), chapter9(), chapter10(), chapter12(), chapter13(), chapter20(), chapter21())
	of := map[verdict.Role][]*play.Case{}
	for _, role := range []verdict.Role{verdict.Server, verdict.Client} {
		for _, c := range all {
			if c.Only != 0 && c.Only != role {
				continue
			}
			numbered := *c
			numbered.Index = len(of[role]) + 1
			of[role] = append(of[role], &numbered)
		}
	}
	return of
})
