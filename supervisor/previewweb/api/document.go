package api

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// object is one of JSON.
type object = map[string]any

var parameterForm = regexp.MustCompile(`\{([a-z]+)\}`)

// document is the OpenAPI document of the routes.
func (a *API) document() object {
	schemas := object{}
	refer(schemas, reflect.TypeOf(Error{}))
	paths := object{}
	for _, r := range a.routes() {
		path, _ := paths[Prefix+r.path].(object)
		if path == nil {
			path = object{}
			paths[Prefix+r.path] = path
		}
		path[strings.ToLower(r.method)] = r.operation(schemas)
	}
	hook := object{
		"operationId": "postHook", "summary": "tell of a push: signed as GitHub, Gitea or GitLab do, and in their words", "security": []any{},
		"parameters": parameters("/hooks/{repo}", nil), "responses": responses(schemas, http.StatusOK, reflect.TypeOf(Hooked{}), http.StatusBadRequest, http.StatusConflict),
		"requestBody": object{"required": true, "content": object{"application/json": object{"schema": object{"type": "object"}}}},
	}
	paths[Prefix+"/hooks/{repo}"] = object{"post": hook}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "rundock previews", "version": "1", "description": "Branches that run, each at an address of its own."},
		"paths":   paths,
		"components": object{
			"schemas":         schemas,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}, "password": object{"type": "http", "scheme": "basic"}},
		},
		"security": []any{object{"token": []any{}}, object{"password": []any{}}},
	}
}

// Hooked is what came of a hook.
type Hooked struct {
	Done string `json:"done" doc:"in words"`
}

func (r route) operation(schemas object) object {
	id := strings.ToLower(r.method)
	for word := range strings.FieldsFuncSeq(r.path, func(c rune) bool { return strings.ContainsRune("/{}", c) }) {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	o := object{"operationId": id, "summary": r.summary, "description": "Needs the scope " + string(r.scope) + ".", "parameters": parameters(r.path, r.query)}
	errors := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	if r.method != "GET" {
		errors = append(errors, http.StatusBadRequest, http.StatusServiceUnavailable)
	}
	if r.path == "/previews" && r.method == "POST" {
		errors = append(errors, http.StatusConflict, http.StatusTooManyRequests, http.StatusBadGateway)
	}
	if strings.HasSuffix(r.path, "/branches") {
		errors = append(errors, http.StatusBadGateway)
	}
	var out reflect.Type
	if r.out != nil {
		out = reflect.TypeOf(r.out)
	}
	answers := responses(schemas, r.code, out, errors...)
	if r.path == "/previews" && r.method == "POST" {
		answers["201"] = answers["200"]
	}
	if strings.HasSuffix(r.path, "/log") {
		content := answers["200"].(object)["content"].(object)
		content["text/plain"], content["text/event-stream"] = object{"schema": object{"type": "string"}}, object{"schema": object{"type": "string"}}
	}
	o["responses"] = answers
	if r.in != nil {
		o["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": refer(schemas, reflect.TypeOf(r.in))}}}
	}
	return o
}

func parameters(path string, query map[string]string) []any {
	all := []any{}
	for _, m := range parameterForm.FindAllStringSubmatch(path, -1) {
		all = append(all, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for name, what := range query {
		all = append(all, object{"name": name, "in": "query", "description": what, "schema": object{"type": "string"}})
	}
	return all
}

func responses(schemas object, code int, out reflect.Type, errors ...int) object {
	well := object{"description": http.StatusText(code)}
	if out != nil {
		well["content"] = object{"application/json": object{"schema": refer(schemas, out)}}
	}
	all := object{strconv.Itoa(code): well}
	for _, code := range errors {
		all[strconv.Itoa(code)] = object{
			"description": http.StatusText(code),
			"content":     object{"application/json": object{"schema": refer(schemas, reflect.TypeOf(Error{}))}},
		}
	}
	return all
}

// refer returns the schema of a type; that of a struct is put into schemas.
func refer(schemas object, t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return refer(schemas, t.Elem())
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": refer(schemas, t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": refer(schemas, t.Elem())}
	case t.Kind() == reflect.String:
		return object{"type": "string"}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Int:
		return object{"type": "integer"}
	case t.Kind() == reflect.Float64:
		return object{"type": "number"}
	case t.Kind() != reflect.Struct:
		panic("no schema for " + t.String())
	}
	name := schemaName(t)
	if schemas[name] == nil {
		schemas[name] = object{} // it may have itself in it
		schemas[name] = structSchema(schemas, t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// schemaName is a struct's: Repo of two packages are two.
func schemaName(t reflect.Type) string {
	if strings.HasSuffix(t.PkgPath(), "/api") && t.Name() == "Repo" {
		return "PutRepo"
	}
	return t.Name()
}

func structSchema(schemas object, t reflect.Type) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		schema := refer(schemas, f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			schema["description"] = doc
		}
		properties[name] = schema
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}
