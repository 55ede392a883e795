package wordpress

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A request is one call of the API.
type request struct {
	*http.Request
	s      *Server
	route  string // without slashes around it
	header http.Header
	user   *User // without an ID if nobody is logged in
	status int
	args   map[string]any // the JSON body
}

// object is an answer, or a part of one.
type object map[string]any

// A fault is an answer that is an error.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/
type fault struct {
	code, message string
	status        int
	data          object
}

func (f *fault) write(w http.ResponseWriter) {
	data := object{"status": f.status}
	maps.Copy(data, f.data)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(object{"code": f.code, "message": f.message, "data": data})
}

// denied is a refusal: 401 to visitors, 403 to users.
func (q *request) denied(code, message string) *fault {
	status := http.StatusForbidden
	if q.user.ID == 0 {
		status = http.StatusUnauthorized
	}
	return &fault{code: code, message: message, status: status}
}

// badParam is the refusal of a parameter, with the inner error that WordPress gives along.
func badParam(name, why, code string, status int) *fault {
	inner := object{"code": code, "message": why, "data": nil}
	if status != 0 {
		inner["data"] = object{"status": status}
	}
	return &fault{
		code: "rest_invalid_param", message: "Invalid parameter(s): " + name, status: http.StatusBadRequest,
		data: object{"params": object{name: why}, "details": object{name: inner}},
	}
}

var noRoute = &fault{code: "rest_no_route", message: "No route was found matching the URL and request method.", status: http.StatusNotFound}

// write sends an answer.
func (q *request) write(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if q.status == 0 {
		q.status = http.StatusOK
	}
	w.WriteHeader(q.status)
	if q.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// dispatch finds the endpoint of a route.
func (q *request) dispatch() (any, *fault) {
	if e := q.readBody(); e != nil {
		return nil, e
	}
	if q.route == "" {
		return q.index(), nil
	}
	parts := strings.Split(q.route, "/")
	if len(parts) < 3 || len(parts) > 4 || parts[0] != "wp" || parts[1] != "v2" {
		return nil, noRoute
	}
	id := 0
	if len(parts) == 4 {
		n, err := strconv.Atoi(parts[3])
		if err != nil && (parts[2] != "users" || parts[3] != "me") {
			return nil, noRoute
		}
		id = n
	}
	one := len(parts) == 4
	switch parts[2] {
	case "users":
		return q.usersRoute(id, one)
	case "posts", "pages":
		return q.postsRoute(strings.TrimSuffix(parts[2], "s"), id, one)
	case "comments":
		return q.commentsRoute(id, one)
	case "media":
		return q.mediaRoute(id, one)
	case "categories", "tags":
		return q.termsRoute(parts[2], id, one)
	}
	return nil, noRoute
}

func (q *request) index() any {
	zone := q.s.o.Zone.String()
	if zone == "UTC" {
		zone = ""
	}
	return object{"name": "Parvis", "namespaces": []string{"oembed/1.0", "wp/v2"}, "gmt_offset": "0", "timezone_string": zone}
}

// maxBody bounds a request, in bytes.
const maxBody = 32 << 20

// readBody reads the arguments of a JSON body.
func (q *request) readBody() *fault {
	if !strings.HasPrefix(q.Header.Get("Content-Type"), "application/json") {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(q.Body, maxBody))
	if err == nil && len(b) > 0 {
		err = json.Unmarshal(b, &q.args)
	}
	if err != nil {
		return &fault{code: "rest_invalid_json", message: "Invalid JSON body passed.", status: http.StatusBadRequest}
	}
	return nil
}

// text is a parameter as text; the body goes before the query.
func (q *request) text(name string) string {
	if v, ok := q.args[name]; ok {
		return fmt.Sprint(v)
	}
	return q.URL.Query().Get(name)
}

func (q *request) has(name string) bool {
	_, ok := q.args[name]
	return ok || q.URL.Query().Has(name)
}

// number is a parameter as a whole number.
func (q *request) number(name string, otherwise int) (int, *fault) {
	if v, ok := q.args[name].(float64); ok {
		return int(v), nil
	}
	s := q.text(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, badParam(name, name+" is not of type integer.", "rest_invalid_type", 0)
	}
	return n, nil
}

// list is a parameter that is a list of words: an array, or text with commas.
func (q *request) list(name string) []string {
	if vs, ok := q.args[name].([]any); ok {
		var out []string
		for _, v := range vs {
			out = append(out, fmt.Sprint(v))
		}
		return out
	}
	s := q.text(name)
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// numbers is a parameter that is a list of whole numbers.
func (q *request) numbers(name string) ([]int, *fault) {
	var out []int
	for i, w := range q.list(name) {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil {
			return nil, badParam(name, fmt.Sprintf("%s[%d] is not of type integer.", name, i), "rest_invalid_type", 0)
		}
		out = append(out, n)
	}
	return out, nil
}

// choice is a parameter that is one of several words.
func (q *request) choice(name, otherwise string, among ...string) (string, *fault) {
	v := q.text(name)
	if v == "" {
		return otherwise, nil
	}
	if !slices.Contains(among, v) {
		return "", badParam(name, name+" is not one of "+strings.Join(among, ", ")+".", "rest_not_in_enum", 0)
	}
	return v, nil
}

// date is a parameter that is a date, as the site's own clock shows it. WordPress compares
// such texts.
func (q *request) date(name string) (string, *fault) {
	v := q.text(name)
	if v == "" {
		return "", nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		if t, err = time.ParseInLocation(wire, v, q.s.o.Zone); err != nil {
			return "", badParam(name, "Invalid date.", "rest_invalid_date", 0)
		}
	}
	return q.s.local(t), nil
}

// wire is the form of dates in answers.
const wire = "2006-01-02T15:04:05"

// local is a time as the site's own clock shows it.
func (s *Server) local(t time.Time) string { return t.In(s.o.Zone).Format(wire) }
