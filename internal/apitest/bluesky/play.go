package blueskytest

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Transcript is what a real network answered to the calls of [Play], in the words of its
// return value.
//
//go:embed testdata/transcript.txt
var Transcript string

// A Player is somebody in a script.
type Player struct{ DID, Handle, Password, Access, Refresh string }

// Player is the user as a player.
func (u *User) Player() Player { return Player{u.DID, u.Handle, u.AppPassword, u.Access, u.Refresh} }

// A Theatre is where a script is played.
type Theatre struct {
	// URL is the address of the PDS.
	URL string
	// Ana and Ben are two fresh accounts, Mod is a moderator of the labeler.
	Ana, Ben, Mod Player
	// Labeler is the DID of the network's labeler.
	Labeler string
	// Settle waits until the app view shows what was written; nil is at once.
	Settle func(ctx context.Context) error
}

// Play makes the calls of the script and returns what came back: for each the status, and
// of an error its name and message, of anything else the paths of all values with their
// types. What differs from run to run is left out, so that the transcripts of two servers
// that behave alike are the same.
func Play(t testing.TB, on Theatre) string {
	t.Helper()
	p := &play{t: t, on: on, vars: map[string]string{
		"ana": on.Ana.DID, "ben": on.Ben.DID, "ana.handle": on.Ana.Handle, "ben.handle": on.Ben.Handle,
		"mod": on.Mod.DID, "labeler": on.Labeler, "ana.password": on.Ana.Password, "ana.refresh": on.Ana.Refresh, "ben.refresh": on.Ben.Refresh,
	}, from: time.Now().Add(-time.Minute)}
	var out strings.Builder
	for i, st := range script() {
		if st.settle && on.Settle != nil {
			if err := on.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		p.vars["now"] = p.from.Add(time.Duration(i) * 10 * time.Millisecond).UTC().Format(timeForm)
		fmt.Fprintf(&out, "%s\n%s\n", st, p.step(st))
	}
	return out.String()
}

type play struct {
	t    testing.TB
	on   Theatre
	vars map[string]string
	from time.Time
}

// fill puts the values of variables where their names are in braces.
func (p *play) fill(s string) string {
	for name, v := range p.vars {
		s = strings.ReplaceAll(s, "{"+name+"}", v)
	}
	return s
}

// step makes one call and describes the answer.
func (p *play) step(st step) string {
	req, err := http.NewRequestWithContext(p.t.Context(), st.verb, p.on.URL+"/xrpc/"+p.fill(st.call), strings.NewReader(p.fill(st.body)))
	if err != nil {
		p.t.Fatal(err)
	}
	if tokens := map[string]string{"ana": p.on.Ana.Access, "ben": p.on.Ben.Access, "mod": p.on.Mod.Access}; st.as != "" {
		token, known := tokens[st.as]
		if !known {
			token = p.fill(st.as)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for k, v := range st.header {
		req.Header.Set(k, p.fill(v))
	}
	if st.body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "no answer"
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "no whole answer"
	}
	var v any
	if len(b) > 0 {
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Sprintf("  %d no JSON", resp.StatusCode)
		}
	}
	p.keep(st.save, v)
	return p.describe(resp.StatusCode, v)
}

// keep remembers what an answer gave, for the steps after it.
func (p *play) keep(name string, v any) {
	o, _ := v.(obj)
	if name == "" || o == nil {
		return
	}
	for _, field := range []string{"uri", "cid", "cursor", "accessJwt", "refreshJwt"} {
		p.vars[name+"."+field] = text(o, field)
	}
	parts := strings.Split(text(o, "uri"), "/")
	p.vars[name+".rkey"] = parts[len(parts)-1]
	if blob, err := json.Marshal(o["blob"]); err == nil {
		p.vars[name+".blob"] = string(blob)
	}
}

func (p *play) describe(status int, v any) string {
	if o, ok := v.(obj); ok && status >= http.StatusBadRequest {
		return p.mask(fmt.Sprintf("  %d %s: %s", status, text(o, "error"), text(o, "message")))
	}
	paths := map[string]bool{}
	walk(paths, "", v)
	lines := slices.Sorted(maps.Keys(paths))
	return p.mask(fmt.Sprintf("  %d\n    %s", status, strings.Join(lines, "\n    ")))
}

// walk collects the paths of all values. The values of some fields are what a client
// looks at: they are kept.
func walk(paths map[string]bool, at string, v any) {
	switch v := v.(type) {
	case obj:
		if len(v) == 0 {
			paths[at+" {}"] = true
		}
		for k, e := range v {
			if s, ok := e.(string); ok && telling[k] {
				paths[at+"."+k+" "+s] = true
				continue
			}
			if !own[k] {
				walk(paths, at+"."+k, e)
			}
		}
	case []any:
		paths[fmt.Sprintf("%s[] %d", at, len(v))] = true
		for i, e := range v {
			walk(paths, fmt.Sprintf("%s[%d]", at, i), e)
		}
	case nil:
		paths[at+" nothing"] = true
	default:
		paths[fmt.Sprintf("%s %T", at, v)] = true
	}
}

// own are fields that are different in every network, or from moment to moment.
var own = map[string]bool{"didDoc": true, "accountStats": true, "recordsStats": true, "tags": true}

// telling are fields whose values matter.
var telling = map[string]bool{
	"$type": true, "text": true, "reason": true, "reasonType": true, "validationStatus": true, "reasonSubject": true, "val": true, "alt": true,
	"mimeType": true, "purpose": true, "uri": true, "handle": true, "did": true, "cid": true, "$link": true, "reviewState": true,
}

var (
	versions = regexp.MustCompile(`\bbaf[a-z2-7]{50,}`)
	keys     = regexp.MustCompile(`\b3[a-z2-7]{12}\b`)
)

// mask replaces what is different in each run.
func (p *play) mask(s string) string {
	for _, name := range slices.Sorted(maps.Keys(p.vars)) {
		v := p.vars[name]
		if len(v) < 8 || name == "now" || strings.HasSuffix(name, ".blob") || strings.HasSuffix(name, ".cursor") {
			continue
		}
		if strings.HasSuffix(name, ".cid") || strings.HasSuffix(name, ".uri") || !strings.Contains(name, ".") || strings.HasSuffix(name, ".handle") {
			s = strings.ReplaceAll(s, v, "{"+name+"}")
		}
	}
	return keys.ReplaceAllString(versions.ReplaceAllString(s, "{cid}"), "{tid}")
}

// a step is one call of the script. What stands in braces is replaced by what an earlier
// step saved under that name.
type step struct {
	as, verb, call, body string
	header               map[string]string
	save                 string
	settle               bool
}

// String names the call as the transcript has it.
func (st step) String() string {
	body := st.body
	if st.header["Content-Type"] != "" {
		body = strconv.Itoa(len(body)) + " bytes of " + st.header["Content-Type"]
	}
	if len(body) > 200 {
		body = strings.ToValidUTF8(body[:200], "") + "…"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", orNobody(st.as), st.verb, st.call, body))
}

func orNobody(as string) string {
	if as == "" {
		return "nobody"
	}
	return as
}

// picture is a PNG of one pixel.
func picture() string {
	b, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	if err != nil {
		return ""
	}
	return string(b)
}

// Difference tells where two transcripts part, with a few lines around; "" if they are the same.
func Difference(want, got string) string {
	if want == got {
		return ""
	}

	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	at := 0
	for at < min(len(w), len(g)) && w[at] == g[at] {
		at++
	}
	call := at
	for call > 0 && strings.HasPrefix(w[min(call, len(w)-1)], " ") {
		call--
	}
	show := func(lines []string) string {
		return strings.Join(lines[min(at, len(lines)):min(at+8, len(lines))], "\n")
	}
	return fmt.Sprintf("line %d, in the answer to %s\nwant:\n%s\ngot:\n%s", at+1, w[min(call, len(w)-1)], show(w), show(g))
}
