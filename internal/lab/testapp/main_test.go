package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestRoutes(t *testing.T) {
	c := config{name: "influxdb", version: "2"}
	var sick atomic.Bool
	server := httptest.NewServer(routes(c, "host", &sick))
	defer server.Close()
	c.listen = []string{strings.TrimPrefix(server.URL, "http://")}

	t.Run("it says who it is", func(t *testing.T) {
		t.Setenv("SHOWN", "yes")
		_, body := get(t, server.URL+"/")
		for _, want := range []string{"name influxdb\n", "version 2\n", "hostname host\n", "env SHOWN=yes\n"} {
			if !strings.Contains(body, want) {
				t.Errorf("GET / has no %q:\n%s", want, body)
			}
		}
	})
	t.Run("the health check follows /sick and /well", func(t *testing.T) {
		if err := healthcheck(c); err != nil {
			t.Errorf("healthcheck at first: %v", err)
		}
		get(t, server.URL+"/sick")
		if err := healthcheck(c); err == nil {
			t.Error("healthcheck after /sick: nil, want an error")
		}
		get(t, server.URL+"/well")
		if err := healthcheck(c); err != nil {
			t.Errorf("healthcheck after /well: %v", err)
		}
	})
	t.Run("it looks names up", func(t *testing.T) {
		if _, body := get(t, server.URL+"/lookup?name=127.0.0.1"); body != "127.0.0.1\n" {
			t.Errorf("/lookup of an address = %q, want it back", body)
		}
	})
	t.Run("it fetches for others", func(t *testing.T) {
		code, body := get(t, server.URL+"/get?url="+url.QueryEscape(server.URL+"/ping"))
		if code != http.StatusOK || body != "pong influxdb 2\n" {
			t.Errorf("/get of /ping = %d %q", code, body)
		}
		if code, _ := get(t, server.URL+"/get?url=http://127.0.0.1:1/"); code != http.StatusBadGateway {
			t.Errorf("/get of a closed port = %d, want 502", code)
		}
	})
	t.Run("it tells who called", func(t *testing.T) {
		if _, body := get(t, server.URL+"/caller"); body != "127.0.0.1\n" {
			t.Errorf("/caller = %q, want our own address", body)
		}
	})
	t.Run("a number that is none is refused", func(t *testing.T) {
		for _, query := range []string{"lines=x", "lines=1&width=x", "lines=1&every=x"} {
			if code, _ := get(t, server.URL+"/log?"+query); code != http.StatusBadRequest {
				t.Errorf("/log?%s = %d, want 400", query, code)
			}
		}
	})
}

func TestReadConfig(t *testing.T) {
	read := func(env map[string]string) (config, error) {
		return readConfig(func(k string) string { return env[k] })
	}
	c, err := read(map[string]string{"APP_LISTEN": ":1,:2", "APP_DELAY": "2s"})
	if err != nil || len(c.listen) != 2 || c.delay != 2*time.Second || c.exit != -1 {
		t.Errorf("config = %+v, %v", c, err)
	}
	for _, bad := range []string{"APP_DELAY", "APP_EXIT"} {
		if _, err := read(map[string]string{bad: "x"}); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s=x: error %v, want one that names it", bad, err)
		}
	}
}
