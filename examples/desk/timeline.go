package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

// shown is how many items a page lists.
const shown = 60

// heartbeat is how often a quiet stream sends a comment, so that a browser that has gone
// is noticed.
const heartbeat = 15 * time.Second

// A filter is what of a feed is shown.
type filter struct {
	Kind    string
	Network string
	kinds   listen.Kind
}

// filterKinds are the kinds that one can filter by, "mine" being what the client said.
var filterKinds = []string{"reply", "mention", "message", "post", "reaction", "follow", "report", "gap", "mine"}

func filterOf(r *http.Request) filter {
	f := filter{Kind: r.URL.Query().Get("kind"), Network: r.URL.Query().Get("network")}
	if f.Kind != "mine" && f.kinds.UnmarshalText([]byte(f.Kind)) != nil {
		f.Kind = ""
	}
	if f.kinds&listen.Reply != 0 {
		f.kinds |= listen.Comment // both are answers
	}
	return f
}

func (f filter) match(i Item) bool {
	return (f.Network == "" || f.Network == i.Account.Key()) &&
		(f.Kind != "mine" || i.Mine) && (f.kinds == 0 || f.kinds&i.Event.Kind != 0)
}

// Query is the filter as the end of an address.
func (f filter) Query() string {
	return "?kind=" + url.QueryEscape(f.Kind) + "&network=" + url.QueryEscape(f.Network)
}

// A card is an item with what a page needs around it.
type card struct {
	Item
	Answer *Answer
	Client *Client
	CSRF   string
	Query  string
	// Reply is an answer that could not be sent, to be sent again.
	Reply string
}

func (v visit) card(it Item, f filter) card {
	return card{Item: it, Answer: v.client.Book.Answer(it.Event.Ref), Client: v.client, CSRF: v.sess.csrf, Query: f.Query()}
}

// A timelineBody is what the timeline page shows.
type timelineBody struct {
	Cards  []card
	Filter filter
	Kinds  []string
	Stream string
}

func (s *server) timelinePage(v visit) error {
	f := filterOf(v.r)
	items, seq := v.client.Feed.Newest(shown, f.match)
	body := timelineBody{Filter: f, Kinds: filterKinds, Stream: "/" + v.client.Slug + "/stream" + f.Query() + "&since=" + strconv.Itoa(seq)}
	said := v.sess.said()
	for _, it := range items {
		c := v.card(it, f)
		if said != nil && said.Item == it.ID {
			c.Reply = said.Reply
		}
		body.Cards = append(body.Cards, c)
	}
	if said != nil {
		v.sess.say(*said)
	}
	return s.render(v, http.StatusOK, "timeline", "Timeline", body)
}

// stream sends every item that matches the filter as it comes or changes, as Server-Sent
// Events whose data is the item's HTML. A browser that reconnects says how far it got.
func (s *server) stream(v visit) error {
	seq, _ := strconv.Atoi(v.r.URL.Query().Get("since"))
	if last, err := strconv.Atoi(v.r.Header.Get("Last-Event-ID")); err == nil {
		seq = last
	}
	out := http.NewResponseController(v.w)
	if err := out.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(v.w, "retry: 1000\n\n")
	f := filterOf(v.r)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		items, now, changed := v.client.Feed.Since(seq, f.match)
		for _, it := range items {
			if err := s.push(v, it, f); err != nil {
				return nil // the browser is gone
			}
		}
		seq = now
		if out.Flush() != nil {
			return nil
		}
		select {
		case <-changed:
		case <-beat.C:
			fmt.Fprint(v.w, ": still here\n\n")
		case <-v.r.Context().Done():
			return nil
		}
	}
}

// push writes one item as an event.
func (s *server) push(v visit, it Item, f filter) error {
	b, err := s.fragment("timeline", "card", v.card(it, f))
	if err != nil {
		return err
	}
	// A carriage return ends a line of a stream too, so a stranger's must not get there.
	b = bytes.ReplaceAll(bytes.TrimSpace(b), []byte("\r"), []byte("&#13;"))
	var ev bytes.Buffer
	fmt.Fprintf(&ev, "id: %d\nevent: item\n", it.Seq)
	for line := range bytes.Lines(b) {
		fmt.Fprintf(&ev, "data: %s\n", bytes.TrimRight(line, "\n"))
	}
	ev.WriteByte('\n')
	_, err = ev.WriteTo(v.w)
	return err
}

// reply answers an item, once: whoever clicks first.
func (s *server) reply(v visit) error {
	form := v.r.PostForm
	it, ok := v.client.Feed.Find(form.Get("item"))
	if !ok || !it.Answerable() {
		return refusal{http.StatusNotFound, "There is nothing to answer any more."}
	}
	text := strings.TrimSpace(unix(form.Get("text")))
	to := "timeline" + filterOf(v.r).Query() + "#" + it.ID
	if text == "" {
		return v.back(to, flash{Text: "Write something first."})
	}
	by := v.sess.Who()
	if a, mine := v.client.Book.Claim(it.Event.Ref, by, text); !mine {
		return v.back(to, flash{Text: fmt.Sprintf("%s has answered this already, at %s. Nothing was sent.", a.By, clock(a.Time)), Item: it.ID, Reply: text})
	}
	ctx, cancel := v.doing()
	defer cancel()
	d := publish.Draft{Text: text, ReplyTo: it.Event.Ref, Place: parvis.Place{Ref: it.Event.Place.Ref}}
	out := publish.ToAll(ctx, d, it.Account)[0]
	v.client.Book.Answered(it.Event.Ref, out.State)
	r := out.Record()
	r.Op = "reply"
	v.client.Book.Record(r, by)
	v.client.Feed.Touch(it.Event.Ref, "")
	if out.Err != nil {
		f := flash{Text: "The answer was not sent.", Trouble: explain(out.Err), Item: it.ID, Reply: text}
		if out.State == publish.Unknown {
			f.Text = "The network did not say whether it took the answer."
		}
		return v.back(to, f)
	}
	return v.back(to, flash{Text: "Answered " + it.Event.Author.Handle + ": " + string(out.State) + "."})
}
