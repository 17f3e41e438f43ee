package verdict

// Traffic counts the bytes of the data messages of a case with compression.
type Traffic struct {
	RxApp      int64   `json:"incomingOctetsAppLevel"`       // inflated
	RxWS       int64   `json:"incomingOctetsWebSocketLevel"` // compressed
	RxWire     int64   `json:"incomingOctetsWireLevel"`      // and with frame headers
	RxFrames   int64   `json:"incomingWebSocketFrames"`
	RxMsgs     int64   `json:"incomingWebSocketMessages"`
	RxRatio    float64 `json:"incomingCompressionRatio"`  // compressed / inflated
	RxOverhead float64 `json:"incomingWebSocketOverhead"` // headers / compressed
	TxApp      int64   `json:"outgoingOctetsAppLevel"`
	TxWS       int64   `json:"outgoingOctetsWebSocketLevel"`
	TxWire     int64   `json:"outgoingOctetsWireLevel"`
	TxFrames   int64   `json:"outgoingWebSocketFrames"`
	TxMsgs     int64   `json:"outgoingWebSocketMessages"`
	TxRatio    float64 `json:"outgoingCompressionRatio"`
	TxOverhead float64 `json:"outgoingWebSocketOverhead"`
}

// Ratios returns t with the ratios filled in.
func Ratios(t Traffic) *Traffic {
	ratio := func(part, of int64) float64 { return float64(part) / float64(max(of, 1)) }
	t.RxRatio, t.RxOverhead = ratio(t.RxWS, t.RxApp), ratio(t.RxWire-t.RxWS, t.RxWS)
	t.TxRatio, t.TxOverhead = ratio(t.TxWS, t.TxApp), ratio(t.TxWire-t.TxWS, t.TxWS)
	return &t
}
