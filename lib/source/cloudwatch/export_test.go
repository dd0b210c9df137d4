package cloudwatch

// Asked are the metrics that a stage asks for, each with what its absence means.
func (s *Source) Asked() []Metric { return s.stage.Kind.Metrics(Known{}) }

// Zero tells whether a statistic of the metric is 0 in a minute without a point.
func (m Metric) Zero(stat string) bool { return m.absence(stat).Zero }
