package metrics

import "github.com/prometheus/client_golang/prometheus"

// Connections is what the server does with those over TCP.
type Connections struct {
	// Open are those that are served.
	Open prometheus.Gauge
	// Displaced were idle and made room for others, which had to be Refused where
	// none was idle.
	Displaced, Refused prometheus.Counter
}

func newConnections(all *prometheus.Registry) *Connections {
	c := &Connections{
		Open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "dnsd_tcp_connections", Help: "Connections over TCP that are open."}),
		Displaced: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dnsd_tcp_displaced_total", Help: "Idle connections that were closed to make room for others."}),
		Refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dnsd_tcp_refused_total", Help: "Connections that were closed at once, as all that could make room were busy."}),
	}
	all.MustRegister(c.Open, c.Displaced, c.Refused)
	return c
}
