package wire

import "strconv"

// AppendRequest appends r as a JSON message. It fails, with an *Error and a nil
// slice, where a value of another codec does not fit into JSON.
func AppendRequest(dst []byte, r *Request) ([]byte, error) {
	dst = append(dst, `{"role":"rpc","u":`...)
	dst = appendString(dst, r.U)
	dst = append(dst, `,"cmds":[`...)
	for i := range r.Commands {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendCommand(dst, &r.Commands[i]); err != nil {
			return nil, err
		}
	}
	dst = append(dst, ']')
	if r.Refs != "" {
		dst = appendString(append(dst, `,"refs":`...), r.Refs)
	}
	if len(r.Return) > 0 {
		dst = appendStrings(append(dst, `,"return":`...), r.Return)
	}
	if r.TimeoutMS > 0 {
		dst = appendFloat(append(dst, `,"timeout_ms":`...), r.TimeoutMS)
	}
	if r.Traceparent != "" {
		dst = appendString(append(dst, `,"traceparent":`...), r.Traceparent)
	}
	if len(r.Headers) > 0 {
		dst = appendHeaders(append(dst, `,"headers":`...), r.Headers)
	}
	if r.ClusterID != "" {
		dst = appendString(append(dst, `,"cluster_id":`...), r.ClusterID)
	}
	if r.Node != "" {
		dst = appendString(append(dst, `,"node":`...), r.Node)
	}
	if r.ReturnIntermediate {
		dst = append(dst, `,"return_intermediate_results":true`...)
	}
	if r.IncludeSummary {
		dst = append(dst, `,"include_execution_summary":true`...)
	}
	return append(appendWishes(dst, r), '}'), nil
}

// appendWishes appends how r wants to be run and to be told of it.
func appendWishes(dst []byte, r *Request) []byte {
	if r.Stream {
		dst = append(dst, `,"stream":true`...)
	}
	if r.Window > 0 {
		dst = strconv.AppendInt(append(dst, `,"window":`...), int64(r.Window), 10)
	}
	if r.Events {
		dst = append(dst, `,"events":true`...)
	}
	if r.WaitForRoute {
		dst = append(dst, `,"wait_for_route":true`...)
	}
	if r.Hedge {
		dst = append(dst, `,"hedge":true`...)
	}
	if r.HedgeMS > 0 {
		dst = appendFloat(append(dst, `,"hedge_ms":`...), r.HedgeMS)
	}
	return dst
}
