package http3

// Origins returns how many origins the pool knows something of.
func (p *Pool) Origins() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.origins)
}
