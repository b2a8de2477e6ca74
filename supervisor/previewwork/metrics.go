package previewwork

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rundock/internal/preview"
)

// metrics are a worker's figures, for Prometheus.
type metrics struct {
	all                *prometheus.Registry
	follows, announced prometheus.Gauge
	jobs, previews     prometheus.Gauge
	done               *prometheus.CounterVec
	took               *prometheus.CounterVec
	polls              *prometheus.CounterVec
}

func newMetrics() *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "previewd_work_" + name, Help: help})
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "previewd_work_" + name, Help: help}, labels)
	}
	m := &metrics{
		all:       prometheus.NewRegistry(),
		follows:   gauge("store_up", "1 while the store is followed."),
		announced: gauge("announced", "1 while the store says that this worker is there."),
		jobs:      gauge("jobs", "Previews that something is being done for."),
		previews:  gauge("previews", "Previews that this host has."),
		done:      counter("jobs_total", "Jobs that ended, by what was done and how it ended.", "deed", "end"),
		took:      counter("jobs_seconds_total", "Time that jobs took.", "deed"),
		polls:     counter("polls_total", "Times that a repository was asked for its branches.", "end"),
	}
	m.all.MustRegister(m.follows, m.announced, m.jobs, m.previews, m.done, m.took, m.polls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// did counts a job.
func (m *metrics) did(deed preview.Deed, err error, took time.Duration) {
	end := "well"
	if err != nil {
		end = "failed"
	}
	m.done.WithLabelValues(string(deed), end).Inc()
	m.took.WithLabelValues(string(deed)).Add(took.Seconds())
}

func (m *metrics) look(s snapshot, host string, jobs int) {
	m.jobs.Set(float64(jobs))
	m.previews.Set(float64(s.previews()[host]))
}

// admin serves /metrics, and /healthz: 200 while the store is followed.
func (w *worker) admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.metrics.all, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) {
		if !w.view.now(time.Now()).known {
			http.Error(out, "the store is not followed: nothing new is begun", http.StatusServiceUnavailable)
			return
		}
		out.Write([]byte("well\n"))
	})
	return mux
}
