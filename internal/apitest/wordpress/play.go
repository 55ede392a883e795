package wordpress

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// Play makes the calls of a script on the site at base, with the application passwords
// by login, and reports every answer that is not what the script says.
func Play(t testing.TB, base string, passwords map[string]string, script []Step) {
	t.Helper()
	saved := make(map[string]string)
	for i, step := range script {
		if err := play(t, base, passwords, step, saved); err != nil {
			t.Errorf("step %d: %s: %s %s %s: %v", i, step.User, step.Method, step.Path, step.Body, err)
		}
	}
}

// request is the call that a step makes.
func (st Step) request(t testing.TB, base string, saved map[string]string) (*http.Request, error) {
	path, body := st.Path, st.Body
	for name, id := range saved {
		path, body = strings.ReplaceAll(path, "{"+name+"}", id), strings.ReplaceAll(body, "{"+name+"}", id)
	}
	route, query, _ := strings.Cut(path, "?")
	url := base + "/?rest_route=/wp/v2/" + route
	if query != "" {
		url += "&" + query
	}
	req, err := http.NewRequestWithContext(t.Context(), st.Method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	maps.Copy(req.Header, st.Header)
	return req, nil
}

func play(t testing.TB, base string, passwords map[string]string, st Step, saved map[string]string) error {
	req, err := st.request(t, base, saved)
	if err != nil {
		return err
	}
	if st.User != "" {
		req.SetBasicAuth(st.User, passwords[st.User])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return err
	}
	got := first(b)
	code, _ := got["code"].(string)
	if resp.StatusCode != st.Status || code != st.Code {
		return fmt.Errorf("the answer is %d %q, want %d %q: %.300s", resp.StatusCode, code, st.Status, st.Code, b)
	}
	if total := resp.Header.Get("X-WP-Total"); st.Total != "" && total != st.Total {
		return fmt.Errorf("the list has %s items, want %s", total, st.Total)
	}
	for name, want := range st.Want {
		if got[name] != want {
			return fmt.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if st.Save != "" {
		saved[st.Save] = fmt.Sprint(got["id"])
	}
	return nil
}

// first is the answer, or its first item if it is a list.
func first(b []byte) map[string]any {
	var one map[string]any
	if json.Unmarshal(b, &one) == nil {
		return one
	}
	var many []map[string]any
	if json.Unmarshal(b, &many) == nil && len(many) > 0 {
		return many[0]
	}
	return nil
}
