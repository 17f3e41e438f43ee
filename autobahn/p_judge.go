package autobahn

// judge gives the verdicts on a connection that was open, once TCP is gone.
func judge(r *Result, p play) {
	p.judge(r)
	judgeClose(r)
	if last, ok := p.(interface{ afterClose(r *Result) }); ok {
		last.afterClose(r)
	}
	addNotes(r)
}
