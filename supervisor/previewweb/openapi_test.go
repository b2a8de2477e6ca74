package previewweb

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/preview"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/known"
)

type object = map[string]any

// valid says what of a value is not as its schema says.
func valid(doc, schema object, value any, at string) (wrong []string) {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		schema, ok = doc["components"].(object)["schemas"].(object)[name].(object)
		if !ok {
			return []string{at + ": there is no schema " + ref}
		}
	}
	complain := func(v any) []string { return []string{fmt.Sprintf("%s: %v (%T), want %v", at, v, v, schema["type"])} }
	switch schema["type"] {
	case "string":
		text, ok := value.(string)
		if !ok {
			return complain(value)
		}
		if schema["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
				return complain(value)
			}
		}
	case "integer":
		if n, ok := value.(float64); !ok || n != float64(int(n)) {
			return complain(value)
		}
	case "number":
		if _, ok := value.(float64); !ok {
			return complain(value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return complain(value)
		}
	case "array":
		all, ok := value.([]any)
		if !ok {
			return complain(value)
		}
		for i, one := range all {
			wrong = append(wrong, valid(doc, schema["items"].(object), one, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case "object":
		return validObject(doc, schema, value, at)
	default:
		return []string{fmt.Sprintf("%s: the schema has the type %v", at, schema["type"])}
	}
	return wrong
}

func validObject(doc, schema object, value any, at string) (wrong []string) {
	all, ok := value.(object)
	if !ok {
		return []string{fmt.Sprintf("%s: %T is no object", at, value)}
	}
	properties, _ := schema["properties"].(object)
	for name, one := range all {
		of, _ := properties[name].(object)
		switch other := schema["additionalProperties"]; {
		case of != nil:
			wrong = append(wrong, valid(doc, of, one, at+"."+name)...)
		case other == false:
			wrong = append(wrong, at+"."+name+": it is not in the document")
		default:
			wrong = append(wrong, valid(doc, other.(object), one, at+"."+name)...)
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := all[name.(string)]; !ok {
			wrong = append(wrong, at+"."+name.(string)+": it is required and not there")
		}
	}
	return wrong
}

// calls is one of each in the document, in an order in which each has something to show, with its body.
var calls = [][3]string{
	{"PUT", "/repos/{repo}", `{"url":"URL","compose":["compose.yaml"],"poll":60}`},
	{"GET", "/repos", ""},
	{"GET", "/repos/{repo}/branches", ""},
	{"POST", "/previews", `{"repo":"shop","branch":"main","name":"main"}`},
	{"GET", "/previews", ""},
	{"GET", "/previews/{name}", ""},
	{"POST", "/previews/{name}/deploy", ""},
	{"POST", "/previews/{name}/stop", ""},
	{"POST", "/previews/{name}/start", ""},
	{"POST", "/previews/{name}/pin", ""},
	{"DELETE", "/previews/{name}/pin", ""},
	{"GET", "/previews/{name}/log", ""},
	{"GET", "/previews/{name}/containers", ""},
	{"GET", "/previews/{name}/containers/{container}/log", ""},
	{"GET", "/previews/{name}/events", ""},
	{"PUT", "/env/{variable}", `{"value":"1"}`},
	{"GET", "/env", ""},
	{"DELETE", "/env/{variable}", ""},
	{"PUT", "/repos/{repo}/env/{variable}", `{"value":"1"}`},
	{"GET", "/repos/{repo}/env", ""},
	{"DELETE", "/repos/{repo}/env/{variable}", ""},
	{"PUT", "/previews/{name}/env/{variable}", `{"value":"1"}`},
	{"GET", "/previews/{name}/env", ""},
	{"DELETE", "/previews/{name}/env/{variable}", ""},
	{"GET", "/events", ""},
	{"GET", "/stacks", ""},
	{"GET", "/services", ""},
	{"GET", "/hosts", ""},
	{"GET", "/version", ""},
	{"POST", "/hooks/{repo}", `{}`},
	{"DELETE", "/previews/{name}", ""},
}

func TestOpenAPI_has_each_call_as_it_is_answered(t *testing.T) {
	g := newRig(t)
	g.fillSite()
	var doc object
	g.expect(200, "", "GET", "/api/v1/openapi.json", "", &doc)
	documented := map[string]bool{}
	for path, methods := range doc["paths"].(object) {
		for method := range methods.(object) {
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, c := range calls {
		method, path := c[0], "/api/v1"+c[1]
		if !documented[method+" "+path] {
			t.Errorf("the document has no %s %s", method, path)
			continue
		}
		delete(documented, method+" "+path)
		operation := doc["paths"].(object)[path].(object)[strings.ToLower(method)].(object)
		g.try(doc, operation, method, path, strings.ReplaceAll(c[2], "URL", g.git.HTTP("", "")))
	}
	for call := range documented {
		t.Errorf("the document has %s, which is not tried", call)
	}
}

// try makes a call and compares body and answer with the document, and does so again without a token.
func (g *rig) try(doc, operation object, method, path, body string) {
	g.Helper()
	if body != "" {
		content, ok := operation["requestBody"].(object)
		var value any
		if err := json.Unmarshal([]byte(body), &value); !ok || err != nil {
			g.Errorf("%s %s: the document has no body for %s, %v", method, path, body, err)
			return
		}
		schema := content["content"].(object)["application/json"].(object)["schema"].(object)
		if schema["properties"] != nil || schema["$ref"] != nil {
			for _, wrong := range valid(doc, schema, value, "body") {
				g.Errorf("%s %s: %s", method, path, wrong)
			}
		}
	}
	real := strings.NewReplacer("{name}", "main", "{repo}", "shop", "{variable}", "TOKEN", "{container}", "web.1").Replace(path)
	for _, scope := range []access.Scope{access.Admin, ""} {
		res, text := g.send(g.request(scope, method, real, body))
		answer, ok := operation["responses"].(object)[fmt.Sprint(res.StatusCode)].(object)
		hook := strings.Contains(path, "/hooks/")
		if !ok && !hook || scope != "" && res.StatusCode >= 300 && !hook {
			g.Errorf("%s %s = %s %s, of which the document has nothing, or which has failed", method, path, res.Status, text)
			continue
		}
		if hook || res.StatusCode == 204 {
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			g.Errorf("%s %s = %s: %v", method, path, text, err)
			continue
		}
		for _, wrong := range valid(doc, answer["content"].(object)["application/json"].(object)["schema"].(object), value, "answer") {
			g.Errorf("%s %s: %s", method, path, wrong)
		}
	}
	if method == "POST" && path == "/api/v1/previews" {
		g.builder("node-back-1").deployed("main").says("main", "up")
		g.put(preview.State{Name: "main", Step: preview.Failed, Commit: "c1", Since: time.Now(), Reason: "no compose file", Routes: map[string][]string{"": {"10.42.1.9:80"}, "api": {"10.42.1.9:81"}}})
		g.writeLog("main", time.Now(), 1, "one")
		g.shown("main", "has failed, on node-back-1", func(p known.Preview) bool {
			return p.State == "failed" && slices.Equal(p.Hosts, []string{"node-back-1"})
		})
	}
}

func TestMetrics_and_health(t *testing.T) {
	g := newRig(t)
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	g.shown("main", "is shown", func(known.Preview) bool { return true })
	for path, wants := range map[string][]string{
		"/healthz": {"well"},
		"/metrics": {"previewd_web_store_up 1", `previewd_web_previews{state="queued"} 1`, `previewd_web_previews{state="ready"} 0`, `previewd_web_answers_total{class="2xx"}`, "previewd_web_streams 0"},
	} {
		res, err := http.Get(g.admin + path)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(res.Body)
		res.Body.Close()
		for _, want := range wants {
			if err != nil || res.StatusCode != 200 || !strings.Contains(string(data), want) {
				t.Errorf("%s = %s %s, %v, want %s", path, res.Status, data, err, want)
			}
		}
	}
}
