package logscan

import (
	"cmp"
	"slices"
)

// The canonical fields have fixed slots; other paths follow behind them.
const (
	slotTime = iota
	slotStatus
	slotLatency
	slotMethod
	slotURI
	slotPath
	slotHost
	slotID
	slotUserAgent
	slotRequest // the request line, from which method and uri may come
	slots
)

var slotNames = [slots]string{"time", "status", "latency", "method", "uri", "path", "host", "id", "user_agent", "request"}

// flavour is a set of writers whose conventions a line follows.
type flavour uint8

const (
	nginx flavour = 1 << iota
	envoy
	caddy
	traefik
)

var flavourNames = []struct {
	is   flavour
	name string
}{{traefik, "traefik"}, {envoy, "envoy"}, {caddy, "caddy"}, {nginx, "nginx"}}

// String names the most telling writer of the set; "" for none.
func (f flavour) String() string {
	for _, n := range flavourNames {
		if f&n.is != 0 {
			return n.name
		}
	}
	return ""
}

func flavourNamed(name string) flavour {
	for _, n := range flavourNames {
		if n.name == name {
			return n.is
		}
	}
	return 0
}

// label is a well-known name of a canonical field, with what it implies.
type label struct {
	slot    int
	name    string
	unit    unit    // latency: unitGuess is seconds, or Envoy's milliseconds
	start   bool    // time: stamps the start of the request
	flavour flavour // whose name it is, where that tells
}

// wellKnown is the table of names that are found without configuration, the
// better one of two in front. Sources: nginx ngx_http_log_module variables,
// ltsv.org, Apache mod_log_config, Envoy's access log command operators, Caddy
// v2 and Traefik access log fields, ECS, and the defaults of zap, logrus, pino,
// morgan, Echo and Google Cloud's httpRequest.
var wellKnown = []label{
	{slot: slotTime, name: "_aws.Timestamp"}, // embedded metric format
	{slot: slotTime, name: "StartUTC", start: true, flavour: traefik},
	{slot: slotTime, name: "StartLocal", start: true, flavour: traefik},
	{slot: slotTime, name: "time"},
	{slot: slotTime, name: "time_iso8601", flavour: nginx},
	{slot: slotTime, name: "time_local", flavour: nginx},
	{slot: slotTime, name: "timestamp"},
	{slot: slotTime, name: "@timestamp"},
	{slot: slotTime, name: "ts"},
	{slot: slotTime, name: "datetime"},
	{slot: slotTime, name: "date_time"},
	{slot: slotTime, name: "start_time", start: true, flavour: envoy},
	{slot: slotTime, name: "eventTime"},
	{slot: slotTime, name: "event_time"},
	{slot: slotTime, name: "logged_at"},
	{slot: slotTime, name: "date"},
	{slot: slotTime, name: "msec", flavour: nginx},

	{slot: slotStatus, name: "status"},
	{slot: slotStatus, name: "response_code", flavour: envoy},
	{slot: slotStatus, name: "DownstreamStatus", flavour: traefik},
	{slot: slotStatus, name: "status_code"},
	{slot: slotStatus, name: "statusCode"},
	{slot: slotStatus, name: "http_status"},
	{slot: slotStatus, name: "response_status"},
	{slot: slotStatus, name: "resp_status"},
	{slot: slotStatus, name: "response.status"},
	{slot: slotStatus, name: "response.status_code"},
	{slot: slotStatus, name: "res.statusCode"},
	{slot: slotStatus, name: "res.status"},
	{slot: slotStatus, name: "http.response.status_code"},
	{slot: slotStatus, name: "http.status_code"},
	{slot: slotStatus, name: "httpRequest.status"},

	{slot: slotLatency, name: "request_time", unit: unitSecond, flavour: nginx},
	{slot: slotLatency, name: "reqtime", unit: unitSecond},
	{slot: slotLatency, name: "reqtime_microsec", unit: unitMicro},
	{slot: slotLatency, name: "taken_sec", unit: unitSecond},
	{slot: slotLatency, name: "Duration", unit: unitNano, flavour: traefik},
	{slot: slotLatency, name: "response_time", unit: unitSecond},
	{slot: slotLatency, name: "latency_human", unit: unitSecond},
	{slot: slotLatency, name: "latency"},
	{slot: slotLatency, name: "duration"},
	{slot: slotLatency, name: "request_duration"},
	{slot: slotLatency, name: "elapsed"},
	{slot: slotLatency, name: "duration_seconds", unit: unitSecond},
	{slot: slotLatency, name: "duration_sec", unit: unitSecond},
	{slot: slotLatency, name: "duration_s", unit: unitSecond},
	{slot: slotLatency, name: "latency_seconds", unit: unitSecond},
	{slot: slotLatency, name: "elapsed_seconds", unit: unitSecond},
	{slot: slotLatency, name: "latency_ms", unit: unitMilli},
	{slot: slotLatency, name: "latencyMs", unit: unitMilli},
	{slot: slotLatency, name: "duration_ms", unit: unitMilli},
	{slot: slotLatency, name: "durationMs", unit: unitMilli},
	{slot: slotLatency, name: "elapsed_ms", unit: unitMilli},
	{slot: slotLatency, name: "elapsedMs", unit: unitMilli},
	{slot: slotLatency, name: "request_time_ms", unit: unitMilli},
	{slot: slotLatency, name: "response_time_ms", unit: unitMilli},
	{slot: slotLatency, name: "took_ms", unit: unitMilli},
	{slot: slotLatency, name: "taken_ms", unit: unitMilli},
	{slot: slotLatency, name: "responseTime", unit: unitMilli},  // pino-http
	{slot: slotLatency, name: "response-time", unit: unitMilli}, // morgan
	{slot: slotLatency, name: "latency_us", unit: unitMicro},
	{slot: slotLatency, name: "duration_us", unit: unitMicro},
	{slot: slotLatency, name: "elapsed_us", unit: unitMicro},
	{slot: slotLatency, name: "request_time_us", unit: unitMicro},
	{slot: slotLatency, name: "response_time_us", unit: unitMicro},
	{slot: slotLatency, name: "taken_us", unit: unitMicro},
	{slot: slotLatency, name: "latency_ns", unit: unitNano},
	{slot: slotLatency, name: "duration_ns", unit: unitNano},
	{slot: slotLatency, name: "elapsed_ns", unit: unitNano},
	{slot: slotLatency, name: "event.duration", unit: unitNano}, // ECS
	{slot: slotLatency, name: "httpRequest.latency", unit: unitSecond},
	{slot: slotLatency, name: "apptime", unit: unitSecond},

	{slot: slotMethod, name: "method"},
	{slot: slotMethod, name: "request_method", flavour: nginx},
	{slot: slotMethod, name: "RequestMethod", flavour: traefik},
	{slot: slotMethod, name: "request.method", flavour: caddy},
	{slot: slotMethod, name: "req_method"},
	{slot: slotMethod, name: "req.method"},
	{slot: slotMethod, name: "http_method"},
	{slot: slotMethod, name: "http.request.method"},
	{slot: slotMethod, name: "http.method"},
	{slot: slotMethod, name: ":method", flavour: envoy},
	{slot: slotMethod, name: "httpRequest.requestMethod"},

	{slot: slotURI, name: "request_uri", flavour: nginx},
	{slot: slotURI, name: "RequestPath", flavour: traefik},
	{slot: slotURI, name: "x-envoy-original-path", flavour: envoy},
	{slot: slotURI, name: "x-envoy-origin-path", flavour: envoy},
	{slot: slotURI, name: "uri"},
	{slot: slotURI, name: "request.uri"},
	{slot: slotURI, name: "req_uri"},
	{slot: slotURI, name: "url"},
	{slot: slotURI, name: "request_url"},
	{slot: slotURI, name: "requestUrl"},
	{slot: slotURI, name: "request.url"},
	{slot: slotURI, name: "req.url"},
	{slot: slotURI, name: "url.original"},
	{slot: slotURI, name: "http.target"},
	{slot: slotURI, name: "http.url"},
	{slot: slotURI, name: "httpRequest.requestUrl"},

	{slot: slotPath, name: "path"},
	{slot: slotPath, name: ":path", flavour: envoy},
	{slot: slotPath, name: "request_path"},
	{slot: slotPath, name: "request.path"},
	{slot: slotPath, name: "url.path"},

	{slot: slotHost, name: "vhost"},
	{slot: slotHost, name: "http_host", flavour: nginx},
	{slot: slotHost, name: "RequestHost", flavour: traefik},
	{slot: slotHost, name: "authority", flavour: envoy},
	{slot: slotHost, name: ":authority", flavour: envoy},
	{slot: slotHost, name: "request.host"},
	{slot: slotHost, name: "host"}, // LTSV: the client (ltsv.org), taken out there
	{slot: slotHost, name: "server_name"},
	{slot: slotHost, name: "url.domain"},

	{slot: slotID, name: "id"},
	{slot: slotID, name: "request_id"},
	{slot: slotID, name: "requestId"},
	{slot: slotID, name: "req_id"},
	{slot: slotID, name: "reqid"},
	{slot: slotID, name: "x_request_id"},
	{slot: slotID, name: "x-request-id"},
	{slot: slotID, name: "trace_id"},
	{slot: slotID, name: "traceId"},

	{slot: slotUserAgent, name: "user_agent"},
	{slot: slotUserAgent, name: "ua"},
	{slot: slotUserAgent, name: "user-agent"},
	{slot: slotUserAgent, name: "userAgent"},
	{slot: slotUserAgent, name: "http_user_agent", flavour: nginx},
	{slot: slotUserAgent, name: "request_User-Agent", flavour: traefik},
	{slot: slotUserAgent, name: "request.headers.User-Agent.0", flavour: caddy},
	{slot: slotUserAgent, name: "user_agent.original"},
	{slot: slotUserAgent, name: "httpRequest.userAgent"},

	{slot: slotRequest, name: "request"},
	{slot: slotRequest, name: "req"},
	{slot: slotRequest, name: "request_line"},
}

// lambdaPaths are what is looked for in the JSON lines of functions: the platform's
// telemetry events, and the embedded metric format.
var lambdaPaths = [...]string{"_aws.CloudWatchMetrics", "type", "record", "record.requestId", "record.metrics.durationMs",
	"record.metrics.initDurationMs", "record.metrics.restoreDurationMs", "record.status", "record.errorType"}

const (
	lambdaEMF = iota
	lambdaType
	lambdaRecord
	lambdaID
	lambdaDuration
	lambdaInit
	lambdaRestore
	lambdaStatus
	lambdaError
)

// byHand are the well-known labels for names that are given by hand (Columns, a pattern's
// groups): a canonical name comes first.
func byHand() []label {
	labels := slices.Clone(wellKnown)
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(canonicalFirst(a), canonicalFirst(b)) })
	return labels
}

func canonicalFirst(l label) int {
	if l.name == slotNames[l.slot] {
		return 0
	}
	return 1
}
