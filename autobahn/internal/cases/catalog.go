package cases

import (
	"slices"
	"sync"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Cases returns all cases for a role, in order: the 517 of the original, then chapter 20.
func Cases(judged verdict.Role) []*play.Case { return catalogs()[judged] }

var catalogs = sync.OnceValue(func() map[verdict.Role][]*play.Case {
	all := slices.Concat(chapter1(), chapter2(), chapter3(), chapter4(), chapter5(), chapter6(),
		chapter7(), chapter9(), chapter10(), chapter12(), chapter13(), chapter20())
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
