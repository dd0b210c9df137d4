package logscan

import "time"

// albFields are the fields of an ALB line in order, as AWS documents them, with
// the spellings under which they may be asked for. New ones are only ever appended.
var albFields = [...][]string{
	{"type"}, {"time"}, {"elb"}, {"client:port", "client_port", "client"}, {"target:port", "target_port", "target"},
	{"request_processing_time"}, {"target_processing_time"}, {"response_processing_time"},
	{"elb_status_code"}, {"target_status_code"}, {"received_bytes"}, {"sent_bytes"},
	{"request"}, {"user_agent"}, {"ssl_cipher"}, {"ssl_protocol"}, {"target_group_arn"}, {"trace_id"},
	{"domain_name"}, {"chosen_cert_arn"}, {"matched_rule_priority"}, {"request_creation_time"},
	{"actions_executed"}, {"redirect_url"}, {"error_reason"},
	{"target:port_list", "target_port_list"}, {"target_status_code_list"},
	{"classification"}, {"classification_reason"}, {"conn_trace_id"},
	{"transformed_host"}, {"transformed_uri"}, {"request_transform_status"}, {"node_ip"},
}

// Places in albFields that have a meaning of their own.
const (
	albType      = 0
	albTime      = 1
	albPhases    = 5 // the first of three
	albStatus    = 8
	albBytes     = 10 // the first of two
	albRequired  = 12 // so many fields every line has
	albRequest   = 12
	albUserAgent = 13
	albCreation  = 21
)

// planALB places the bindings; sum: the latency is request + target + response
// processing time.
func (p *plan) planALB(sum bool) {
	p.sum, p.last = sum, albRequest
	p.at = make([]*binding, len(albFields))
	for i, names := range albFields {
		if p.at[i] = p.place(names...); p.at[i] != nil {
			p.last = max(p.last, i)
		}
	}
}

// readALB reads a line of an Application Load Balancer access log, old short
// ones and new longer ones alike: twelve fields must be there and be what they
// claim; later ones may be missing, but a request that began must end.
func (s *Scanner) readALB(p *plan, line []byte, rec *Record) error {
	rest, total, known, field := line, int64(0), true, 0
	for ; field <= p.last && len(rest) > 0; field++ {
		token, _, tail, whole := nextToken(rest)
		rest = tail
		part, counted, ok := int64(0), true, whole || field > albRequest
		switch {
		case field == albType:
			ok = isALBType(token)
			rec.Connection = isConnection(token)
		case field >= albPhases && field < albPhases+3:
			part, counted, ok = albPhase(token)
		case field == albStatus || field == albStatus+1 || field == albBytes || field == albBytes+1:
			ok = isDash(token) || allDigits(token)
		}
		if !ok {
			return ErrALB
		}
		total, known = total+part, known && counted
		if b := p.at[field]; b != nil {
			s.set.storeText(b, token)
		}
	}
	if field < albRequired {
		return ErrALB
	}
	if p.sum {
		rec.Latency, rec.HasLatency = time.Duration(total), known
		rec.Elapsed, rec.HasElapsed = rec.Latency, known
		if !known {
			rec.Latency = 0
			rec.Elapsed, rec.HasElapsed = s.albElapsed(line)
		}
	}
	return nil
}

func isALBType(b []byte) bool {
	switch string(b) {
	case "http", "https", "h2", "h3", "grpc", "grpcs", "ws", "wss":
		return true
	}
	return false
}

// isConnection tells the types whose lines are a WebSocket's: it is logged when it closes.
func isConnection(b []byte) bool { return string(b) == "ws" || string(b) == "wss" }

// albPhase reads one processing time in ns; known is false for -1 (could not be
// dispatched, closed, timed out).
func albPhase(b []byte) (nanos int64, known, ok bool) {
	if isDash(b) {
		return 0, false, true
	}
	d, ok := parseDecimal(b)
	if !ok || d.negative {
		return 0, false, ok
	}
	nanos, known = d.scaled(9)
	if nanos > 1<<60 {
		return 0, false, true
	}
	return nanos, known, true
}

// albElapsed gives time − request_creation_time: how long the request was
// with the balancer, though nothing answered it.
func (s *Scanner) albElapsed(line []byte) (time.Duration, bool) {
	var end, begin int64
	var ok bool
	for field := 0; field <= albCreation; field++ {
		var token []byte
		token, _, line, _ = nextToken(line)
		switch field {
		case albTime:
			end, ok = s.clock.rfc3339(token)
		case albCreation:
			begin, ok = s.clock.rfc3339(token)
		}
		if !ok && field >= albTime {
			return 0, false
		}
	}
	return time.Duration(max(end-begin, 0)) * time.Microsecond, end >= begin
}
