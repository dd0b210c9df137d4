package fakemackerel

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

const (
	maxReports       = 100
	maxMessage       = 1024 // characters
	maxReportAge     = 6 * time.Hour
	maxCheckAttempts = 10
)

// A Report is one accepted report of a check plugin.
type Report struct {
	HostID, Name    string
	Status, Message string
	OccurredAt      int64 // epoch seconds
	// NotificationInterval is in minutes, 0 when omitted; MaxCheckAttempts is 0 when omitted.
	NotificationInterval, MaxCheckAttempts int
	// Posted is when it arrived.
	Posted time.Time
}

type postedReport struct {
	Source struct {
		Type   string `json:"type"`
		HostID string `json:"hostId"`
	} `json:"source"`
	Name                 string `json:"name"`
	Status               string `json:"status"`
	Message              string `json:"message"`
	OccurredAt           int64  `json:"occurredAt"`
	NotificationInterval int    `json:"notificationInterval"`
	MaxCheckAttempts     int    `json:"maxCheckAttempts"`
}

func (r postedReport) check() error {
	switch {
	case r.Source.Type != "host":
		return refuse("report %q: source type %q", r.Name, r.Source.Type)
	case r.Name == "":
		return refuse("report without a name")
	case !slices.Contains([]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}, r.Status):
		return refuse("report %s: status %q", r.Name, r.Status)
	case utf8.RuneCountInString(r.Message) > maxMessage:
		return refuse("report %s: message over %d characters", r.Name, maxMessage)
	case r.OccurredAt <= 0:
		return refuse("report %s: occurredAt %d", r.Name, r.OccurredAt)
	case r.NotificationInterval < 0 || r.MaxCheckAttempts < 0 || r.MaxCheckAttempts > maxCheckAttempts:
		return refuse("report %s: notificationInterval %d, maxCheckAttempts %d", r.Name, r.NotificationInterval, r.MaxCheckAttempts)
	}
	return nil
}

// Reports returns the reports taken in for the check of that name (the X of [plugin.checks.X]), in the order they
// arrived.
func (s *Server) Reports(name string) []Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.reports), func(r Report) bool { return r.Name != name })
}

func (s *Server) postReports(_ *http.Request, body []byte) (any, error) {
	var posted struct {
		Reports []postedReport `json:"reports"`
	}
	if err := decode(body, &posted); err != nil {
		return nil, err
	}
	if len(posted.Reports) > maxReports {
		return nil, refuse("%d reports in one request", len(posted.Reports))
	}
	for _, r := range posted.Reports {
		if err := r.check(); err != nil {
			return nil, err
		}
		if s.host(r.Source.HostID) == nil {
			return nil, refuse("report %s: no such host %q", r.Name, r.Source.HostID)
		}
	}
	for _, r := range posted.Reports {
		s.addReport(r)
	}
	return success, nil
}

// addReport takes a report in unless the documentation says it is ignored: too old, or not newer than the last one.
func (s *Server) addReport(r postedReport) {
	now := s.now()
	superseded := slices.ContainsFunc(s.reports, func(known Report) bool {
		return known.HostID == r.Source.HostID && known.Name == r.Name && known.OccurredAt >= r.OccurredAt
	})
	if superseded || now.Sub(time.Unix(r.OccurredAt, 0)) > maxReportAge {
		return
	}
	s.reports = append(s.reports, Report{
		HostID: r.Source.HostID, Name: r.Name, Status: r.Status, Message: r.Message, OccurredAt: r.OccurredAt,
		NotificationInterval: r.NotificationInterval, MaxCheckAttempts: r.MaxCheckAttempts, Posted: now,
	})
}
