package logscan

import "bytes"

// splitRequest takes a request line apart. The target is all between the method
// and the protocol, spaces included; nil when there is none. A first word that
// can't be a method (TLS bytes sent to a plain port) is none.
func splitRequest(b []byte) (method, target []byte) {
	first := bytes.IndexByte(b, ' ')
	if first < 0 {
		first = len(b)
	}
	if isToken(b[:first]) {
		method = b[:first]
	}
	if first == len(b) {
		return method, nil
	}
	target = b[first+1:]
	if last := bytes.LastIndexByte(target, ' '); last >= 0 {
		if protocol := target[last+1:]; isDash(protocol) || bytes.HasPrefix(protocol, []byte("HTTP/")) {
			target = target[:last]
		}
	}
	return method, target
}

// isToken says whether b can be a method: a token of RFC 9110, and not absurdly long.
func isToken(b []byte) bool {
	if len(b) == 0 || len(b) > 32 {
		return false
	}
	for _, c := range b {
		if c-'A' > 'Z'-'A' && c-'a' > 'z'-'a' && !isDigit(c) && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return false
		}
	}
	return true
}

// splitTarget separates an absolute target into host and uri (path and query).
func splitTarget(b []byte) (host, uri []byte) {
	if len(b) == 0 || b[0] == '/' {
		return nil, b
	}
	scheme := bytes.Index(b[:min(len(b), 16)], []byte("://"))
	if scheme <= 0 || !isToken(b[:scheme]) {
		return nil, b
	}
	rest := b[scheme+3:]
	end := bytes.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, uri = rest[:end], rest[end:]
	if len(uri) == 0 && bytes.HasSuffix(host, []byte("-")) { // ALB: "- http://host:port- -"
		host = host[:len(host)-1]
	}
	return host, uri
}

// pathOf is a uri without its query.
func pathOf(uri []byte) []byte {
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		return uri[:i]
	}
	return uri
}

// hostOf is a host without its default port, which some writers always add.
func hostOf(b []byte) []byte {
	if i := bytes.LastIndexByte(b, ':'); i > 0 {
		if port := string(b[i+1:]); port == "80" || port == "443" {
			return b[:i]
		}
	}
	return b
}
