package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// certificates tells when each certificate of the host ends, as it is at the
// moment.
type certificates struct {
	ends func() map[string]time.Time // by name; zero where one cannot be read
	desc *prometheus.Desc
}

// Certificates has the ends of certificates told.
func (s *Set) Certificates(ends func() map[string]time.Time) {
	s.all.MustRegister(certificates{ends, prometheus.NewDesc("dnsd_certificate_end_timestamp_seconds",
		"When a certificate of the host ends; 0 where it cannot be read.", []string{"certificate"}, nil)})
}

// Describe implements prometheus.Collector.
func (c certificates) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect implements prometheus.Collector.
func (c certificates) Collect(to chan<- prometheus.Metric) {
	for name, end := range c.ends() {
		value := 0.0
		if !end.IsZero() {
			value = float64(end.Unix())
		}
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, value, name)
	}
}
