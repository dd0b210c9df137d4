package sli

// Posting says where Mackerel keeps a pipeline's metrics: on one host, or on every host
// that has a role.
type Posting struct {
	Prefix string // what metric names begin with, without the agent's "custom."
	HostID string
	Role   string // SERVICE:ROLE; empty where a host is named
}
