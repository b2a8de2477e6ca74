package previewweb

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rundock/internal/preview"
	"rundock/supervisor/previewweb/known"
)

// metrics are the server's figures, for Prometheus.
type metrics struct {
	all     *prometheus.Registry
	answers *prometheus.CounterVec
	follows prometheus.Gauge
}

var classes = []string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}

func newMetrics(book *known.Book) *metrics {
	m := &metrics{
		all:     prometheus.NewRegistry(),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "previewd_web_answers_total", Help: "Answers by the class of their code."}, []string{"class"}),
		follows: prometheus.NewGauge(prometheus.GaugeOpts{Name: "previewd_web_store_up", Help: "1 while previews are followed in the store."}),
	}
	for _, class := range classes {
		m.answers.WithLabelValues(class)
	}
	m.all.MustRegister(m.answers, m.follows, steps{book}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// steps are how many previews are in each state.
type steps struct{ book *known.Book }

var stepsDesc = prometheus.NewDesc("previewd_web_previews", "Previews by their state.", []string{"state"}, nil)

// Describe implements prometheus.Collector.
func (s steps) Describe(to chan<- *prometheus.Desc) { to <- stepsDesc }

// Collect implements prometheus.Collector.
func (s steps) Collect(to chan<- prometheus.Metric) {
	counts := map[string]float64{}
	for _, step := range preview.Steps() {
		counts[string(step)] = 0
	}
	for _, p := range s.book.Previews() {
		counts[p.State]++
	}
	for state, n := range counts {
		to <- prometheus.MustNewConstMetric(stepsDesc, prometheus.GaugeValue, n, state)
	}
}

// streams shows how many logs are followed.
func (m *metrics) streams(open func() int64) {
	m.all.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "previewd_web_streams", Help: "Logs that are followed."}, func() float64 { return float64(open()) }))
}

// health is told how the connection to the store stands.
func (m *metrics) health(log *slog.Logger) func(error) {
	return func(err error) {
		if err != nil {
			m.follows.Set(0)
			log.Warn("the store cannot be reached: the last known is shown", "err", err)
			return
		}
		m.follows.Set(1)
		log.Info("following the store")
	}
}

// counted counts the answers of next.
func (m *metrics) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &counter{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(c, r)
		class := c.code / 100
		if class < 0 || class >= len(classes) {
			class = 0
		}
		m.answers.WithLabelValues(classes[class]).Inc()
	})
}

// counter remembers the code of an answer.
type counter struct {
	http.ResponseWriter
	code int
}

func (c *counter) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// admin serves /metrics, and /healthz: 200 once previews were read from the store.
func (m *metrics) admin(book *known.Book) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.all, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !book.Listed() {
			http.Error(w, "no previews are known yet: "+book.Away(), http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("well\n"))
	})
	return mux
}
