package previewroute

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are a router's figures, for Prometheus.
type metrics struct {
	all              *prometheus.Registry
	classes          [6]prometheus.Counter // of answers, by the first digit of their code
	retried, changed prometheus.Counter
	follows          prometheus.Gauge
}

func newMetrics(r *Router) *metrics {
	m := &metrics{
		all:     prometheus.NewRegistry(),
		retried: prometheus.NewCounter(prometheus.CounterOpts{Name: "previewd_route_retries_total", Help: "Requests that were tried once more, as an instance took no connection or closed it."}),
		changed: prometheus.NewCounter(prometheus.CounterOpts{Name: "previewd_route_changes_total", Help: "Tables of routes that took the place of another one."}),
		follows: prometheus.NewGauge(prometheus.GaugeOpts{Name: "previewd_route_store_up", Help: "1 while the table follows the store."}),
	}
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "previewd_route_answers_total", Help: "Answers by the class of their code, the router's own too."}, []string{"class"})
	for i, class := range []string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		m.classes[i] = answers.WithLabelValues(class)
	}
	m.all.MustRegister(answers, m.retried, m.changed, m.follows, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "previewd_route_streams", Help: "Websockets, event streams and gRPC calls that are open."},
			func() float64 { return float64(r.streams.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "previewd_route_previews", Help: "Previews in the table."}, func() float64 {
			if table := r.table.Load(); table != nil {
				return float64(table.Len())
			}
			return 0
		}))
	return m
}

// answered counts an answer.
func (m *metrics) answered(code int) {
	class := code / 100
	if class < 0 || class >= len(m.classes) {
		class = 0
	}
	m.classes[class].Inc()
}

// admin serves /metrics, and /healthz: 200 once there is a table.
func (r *Router) admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.metrics.all, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if r.table.Load() == nil {
			http.Error(w, "no table of routes yet: neither the store nor a snapshot had one", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("well\n"))
	})
	return mux
}
