package handlers

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"
)

// described is openapi.yaml as a tree.
type described struct{ root map[string]any }

func readDescription(t *testing.T) described {
	t.Helper()
	var d described
	if err := yaml.Unmarshal(openAPIDescription, &d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

// at walks the tree and follows references.
func (d described) at(node any, path ...string) any {
	for {
		object, _ := node.(map[string]any)
		if ref, ok := object["$ref"].(string); ok {
			node = d.at(d.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			continue
		}
		if len(path) == 0 {
			return node
		}
		node, path = object[path[0]], path[1:]
	}
}

// operations lists what is described, like "GET /api/v1/openapi.yaml".
func (d described) operations() []string {
	var all []string
	for path, methods := range d.at(d.root, "paths").(map[string]any) {
		for method := range methods.(map[string]any) {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(all)
	return all
}

// whole is a schema with those that it is all of.
func (d described) whole(schema any) map[string]any {
	object, _ := d.at(schema).(map[string]any)
	parts, _ := object["allOf"].([]any)
	if parts == nil {
		return object
	}
	properties, required := map[string]any{}, []any{}
	for _, part := range parts {
		inner := d.whole(part)
		maps.Copy(properties, inner["properties"].(map[string]any))
		required = append(required, inner["required"].([]any)...)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// fits reports how a value differs from its schema.
func (d described) fits(schema, value any, at string) error {
	object := d.whole(schema)
	types, _ := object["type"].([]any)
	if one, ok := object["type"].(string); ok {
		types = []any{one}
	}
	kind := map[bool]string{true: "null"}[value == nil]
	switch v := value.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if v == float64(int(v)) {
			kind = "integer"
		}
	case map[string]any:
		kind = "object"
		properties, _ := object["properties"].(map[string]any)
		for name, inner := range v {
			property := properties[name]
			if property == nil {
				property = object["additionalProperties"]
			}
			if property == nil {
				return fmt.Errorf("%s.%s is not described", at, name)
			}
			if err := d.fits(property, inner, at+"."+name); err != nil {
				return err
			}
		}
		required, _ := object["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				return fmt.Errorf("%s lacks %v", at, name)
			}
		}
	case []any:
		kind = "array"
		for i, inner := range v {
			if err := d.fits(object["items"], inner, at+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	}
	if types != nil && !slices.Contains(types, any(kind)) {
		return fmt.Errorf("%s is of type %s, not %v", at, kind, types)
	}
	if options, ok := object["enum"].([]any); ok && !slices.Contains(options, value) {
		return fmt.Errorf("%s is %v, not one of %v", at, value, options)
	}
	return nil
}

// matches reports how an answer differs from what is described.
func (d described) matches(method, path string, p *page) error {
	response := d.at(d.root, "paths", path, strings.ToLower(method), "responses", strconv.Itoa(p.Status))
	if response == nil {
		return fmt.Errorf("%s %s answers %d, which is not described", method, path, p.Status)
	}
	contentType, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
	content, ok := d.at(response, "content").(map[string]any)[contentType]
	if !ok {
		return fmt.Errorf("%s %s answers %d as %s, which is not described", method, path, p.Status, contentType)
	}
	if !strings.HasSuffix(contentType, "json") {
		return nil
	}
	var body any
	if err := json.Unmarshal([]byte(p.Body), &body); err != nil {
		return fmt.Errorf("%s %s answers no JSON: %w", method, path, err)
	}
	return d.fits(d.at(content, "schema"), body, "the body")
}

// routesOf lists every route of the portal, with the mail catcher's.
func routesOf(cfg Config) gin.RoutesInfo {
	gin.SetMode(gin.ReleaseMode)
	cfg.Mailbox = noMail{}
	engine := gin.New()
	(&app{Config: cfg}).routes(engine)
	return engine.Routes()
}

type noMail struct{}

func (noMail) Mails() []Mail { return nil }

func TestDescriptionNamesEveryRoute(t *testing.T) {
	t.Parallel()
	parameter := regexp.MustCompile(`:(\w+)`)
	var served []string
	for _, route := range routesOf(Config{}) {
		if strings.HasPrefix(route.Path, "/api/") {
			served = append(served, route.Method+" "+parameter.ReplaceAllString(route.Path, "{$1}"))
		}
	}
	slices.Sort(served)
	if got := readDescription(t).operations(); !slices.Equal(got, served) {
		t.Errorf("described are\n%s\nserved are\n%s", strings.Join(got, "\n"), strings.Join(served, "\n"))
	}
}

func TestDescriptionIsServed(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	p := app.browser().get("/api/v1/openapi.yaml").want(http.StatusOK)
	if p.Body != string(openAPIDescription) || !strings.HasPrefix(p.Header.Get("Content-Type"), "application/yaml") {
		t.Errorf("the description is served as %s:\n%s", p.Header.Get("Content-Type"), p.Body)
	}
	if err := readDescription(t).matches("GET", "/api/v1/openapi.yaml", p); err != nil {
		t.Error(err)
	}
}

// The example has to work, since people begin with it.
func TestDescribedExampleIsTaken(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	d := readDescription(t)
	example := d.at(d.root, "components", "requestBodies", "submission", "content", "application/json", "example")
	raw, err := json.Marshal(example)
	app.must(err)
	app.api(responsesPath, string(raw)).want(http.StatusCreated)
	names := slices.Collect(maps.Keys(example.(map[string]any)))
	schema := d.at(d.root, "components", "requestBodies", "submission", "content", "application/json", "schema", "properties").(map[string]any)
	for _, name := range names {
		if schema[name] == nil {
			t.Errorf("the example has %s, which the schema does not describe", name)
		}
	}
}
