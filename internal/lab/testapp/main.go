// Command testapp is the service in the lab's test images: a small HTTP server
// that says who it is and misbehaves on request.
//
//	testapp serve [args]   everything else by environment, see config
//	testapp healthcheck    for HEALTHCHECK in an image without a shell
//
// Any arguments of serve are only shown.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// config is the environment of the container.
type config struct {
	name, version string
	listen        []string      // APP_LISTEN, comma-separated; default :80
	delay         time.Duration // APP_DELAY: how long before it listens
	sick          bool          // APP_SICK=1: unwell until told otherwise
	ignoreTerm    bool          // APP_IGNORE_TERM=1
	exit          int           // APP_EXIT: leave at once with this status; -1 if unset
}

func readConfig(getenv func(string) string) (config, error) {
	c := config{
		name: getenv("APP_NAME"), version: getenv("APP_VERSION"),
		listen: []string{":80"}, exit: -1,
		sick: getenv("APP_SICK") == "1", ignoreTerm: getenv("APP_IGNORE_TERM") == "1",
	}
	if v := getenv("APP_LISTEN"); v != "" {
		c.listen = strings.Split(v, ",")
	}
	if v := getenv("APP_DELAY"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			return c, fmt.Errorf("APP_DELAY: %w", err)
		}
		c.delay = d
	}
	if v := getenv("APP_EXIT"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return c, fmt.Errorf("APP_EXIT: %w", err)
		}
		c.exit = n
	}
	return c, nil
}

func main() {
	log.SetFlags(0)
	c, err := readConfig(os.Getenv)
	if err != nil {
		log.Fatalf("testapp: %v", err)
	}
	mode := "serve"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "serve":
		err = serve(c)
	case "healthcheck":
		err = healthcheck(c)
	default:
		err = fmt.Errorf("%q: want serve or healthcheck", mode)
	}
	if err != nil {
		log.Fatalf("testapp: %v", err)
	}
}

// healthcheck asks the server in the same container whether it is well.
func healthcheck(c config) error {
	_, port, err := net.SplitHostPort(c.listen[0])
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 20 * time.Second}
	resp, err := client.Get("http://127.0.0.1:" + port + "/health")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("unwell")
	}
	return nil
}

func serve(c config) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("%s %s starting on %s\n", c.name, c.version, host)
	if c.exit >= 0 {
		fmt.Printf("%s leaving with %d\n", c.name, c.exit)
		os.Exit(c.exit)
	}
	var sick atomic.Bool
	sick.Store(c.sick)
	failed := make(chan error)
	go func() {
		time.Sleep(c.delay)
		handler := routes(c, host, &sick)
		for _, addr := range c.listen {
			listener, err := net.Listen("tcp", addr)
			if err != nil {
				failed <- err
				return
			}
			go func() { failed <- http.Serve(listener, handler) }()
		}
		fmt.Printf("%s listening on %s\n", c.name, strings.Join(c.listen, " "))
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	for {
		select {
		case err := <-failed:
			return err
		case s := <-signals:
			if c.ignoreTerm {
				fmt.Printf("%s ignoring %s\n", c.name, s)
				continue
			}
			fmt.Printf("%s leaving on %s\n", c.name, s)
			return nil
		}
	}
}

func routes(c config, host string, sick *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "name %s\nversion %s\nhostname %s\nargs %q\n", c.name, c.version, host, os.Args[1:])
		env := os.Environ()
		slices.Sort(env)
		for _, e := range env {
			fmt.Fprintf(w, "env %s\n", e)
		}
	})
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "pong", c.name, c.version) })
	mux.HandleFunc("GET /caller", func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintln(w, host)
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		if sick.Load() {
			http.Error(w, "unwell", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "well")
	})
	mux.HandleFunc("/sick", func(w http.ResponseWriter, r *http.Request) { sick.Store(true); fmt.Fprintln(w, "unwell now") })
	mux.HandleFunc("/well", func(w http.ResponseWriter, r *http.Request) { sick.Store(false); fmt.Fprintln(w, "well now") })
	mux.HandleFunc("/crash", func(w http.ResponseWriter, r *http.Request) { os.Exit(1) })
	mux.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) {
		code, ok := number(w, r, "code")
		if ok && (r.FormValue("lines") == "" || writeLines(w, r)) {
			os.Exit(code)
		}
	})
	mux.HandleFunc("/log", func(w http.ResponseWriter, r *http.Request) {
		if writeLines(w, r) {
			fmt.Fprintln(w, "wrote", r.FormValue("lines"))
		}
	})
	mux.HandleFunc("GET /lookup", func(w http.ResponseWriter, r *http.Request) {
		addrs, err := net.DefaultResolver.LookupHost(r.Context(), r.FormValue("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		slices.Sort(addrs)
		for _, a := range addrs {
			fmt.Fprintln(w, a)
		}
	})
	mux.HandleFunc("GET /get", func(w http.ResponseWriter, r *http.Request) {
		if err := fetch(r.Context(), w, r.FormValue("url")); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	return mux
}

// writeLines writes numbered lines to standard output, as the request says:
//
//	lines    how many
//	prefix   before each number
//	width    what short lines are padded to; default 0
//	every    the pause between two, such as 1ms; default none
//	unended  set: the last has no newline
//
// It reports whether the request is well-formed; else it has answered.
func writeLines(w http.ResponseWriter, r *http.Request) bool {
	lines, ok := number(w, r, "lines")
	if !ok {
		return false
	}
	width, every := 0, time.Duration(0)
	if r.FormValue("width") != "" {
		if width, ok = number(w, r, "width"); !ok {
			return false
		}
	}
	if v := r.FormValue("every"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			http.Error(w, "every: "+err.Error(), http.StatusBadRequest)
			return false
		}
		every = d
	}
	for i := range lines {
		line := r.FormValue("prefix") + strconv.Itoa(i+1)
		if len(line) < width {
			line += " " + strings.Repeat("x", width-len(line)-1)
		}
		if i < lines-1 || r.FormValue("unended") == "" {
			line += "\n"
		}
		os.Stdout.WriteString(line)
		time.Sleep(every)
	}
	return true
}

// number returns the form value key, or answers that it is none.
func number(w http.ResponseWriter, r *http.Request, key string) (int, bool) {
	n, err := strconv.Atoi(r.FormValue(key))
	if err != nil || n < 0 {
		http.Error(w, key+": want a number", http.StatusBadRequest)
		return 0, false
	}
	return n, true
}

// fetch copies what url answers to w.
func fetch(ctx context.Context, w http.ResponseWriter, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, err = io.Copy(w, resp.Body)
	return err
}
