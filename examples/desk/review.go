package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// makeLink makes an address under which somebody without an account sees one post, as it
// is now, and approves it.
func (s *server) makeLink(v visit) error {
	id := v.r.PathValue("id")
	who := strings.TrimSpace(v.r.PostForm.Get("reviewer"))
	days, _ := strconv.Atoi(v.r.PostForm.Get("days"))
	if who == "" || days < 1 || days > 90 {
		return v.back("calendar/"+id, flash{Text: "Say for whom the link is, and for how long."})
	}
	ctx, cancel := v.doing()
	defer cancel()
	token, err := s.calendar(v).Link(ctx, id, who, time.Duration(days)*24*time.Hour)
	if err != nil {
		return v.back("calendar/"+id, flash{Text: "There is no link.", Trouble: explain(err)})
	}
	return v.back("calendar/"+id, flash{
		Text: "Send this address to " + who + ", and to nobody else. It shows this post as it is now, and serves until it is changed.",
		Link: "http://" + s.hosts[0] + "/review/" + token,
	})
}

// A reviewBody is what a reviewer sees.
type reviewBody struct {
	Client   *Client
	Entry    outbox.Entry
	When     string
	Previews []preview
	Comments []outbox.Comment
	Path     string
	Said     string
	Trouble  *trouble
	Done     bool
}

// A preview is exactly what one account would post.
type preview struct {
	Network, Account string
	Items            []publish.Draft
}

func previews(ctx context.Context, r *outbox.Reviewer) ([]preview, error) {
	var ps []preview
	for _, t := range r.Entry().Targets {
		items, err := r.Items(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		ps = append(ps, preview{string(t.Account.Network), t.Account.String(), items})
	}
	return ps, nil
}

// mountReview adds the page for reviewers. The token in its address is all that they have
// and need: there is no session, and nothing else of the desk can be reached from there.
func (s *server) mountReview(mux *http.ServeMux) {
	mux.HandleFunc("GET /review/{token}", func(w http.ResponseWriter, r *http.Request) { s.review(w, r, nil) })
	mux.HandleFunc("POST /review/{token}", func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil {
			http.Error(w, "The form could not be read.", http.StatusBadRequest)
			return
		}
		s.review(w, r, reviewActs[r.PostForm.Get("do")])
	})
}

// reviewActs are what a reviewer can do, and what is said then.
var reviewActs = map[string]func(context.Context, *outbox.Reviewer, string) (string, error){
	"approve": func(ctx context.Context, r *outbox.Reviewer, _ string) (string, error) {
		return "Thank you: the post is approved.", second(r.Approve(ctx))
	},
	"changes": func(ctx context.Context, r *outbox.Reviewer, text string) (string, error) {
		return "Thank you: the author will see what you want changed.", second(r.RequestChanges(ctx, text))
	},
	"comment": func(ctx context.Context, r *outbox.Reviewer, text string) (string, error) {
		return "Noted.", second(r.Comment(ctx, text))
	},
}

func (s *server) review(w http.ResponseWriter, r *http.Request, act func(context.Context, *outbox.Reviewer, string) (string, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 15*time.Second)
	defer cancel()
	body := reviewBody{Path: "/review/" + r.PathValue("token")}
	reviewer, err := s.desk.planner.box.OpenLink(ctx, r.PathValue("token"))
	if err != nil {
		status := http.StatusForbidden
		if errors.Is(err, parvis.ErrConflict) {
			status = http.StatusGone
		}
		body.Trouble = explain(err)
		s.showReview(w, status, body)
		return
	}
	e := reviewer.Entry()
	if body.Previews, err = previews(ctx, reviewer); err != nil {
		body.Trouble = explain(err)
		s.showReview(w, http.StatusConflict, body)
		return
	}
	if act != nil {
		body.Said, err = act(ctx, reviewer, strings.TrimSpace(unix(r.PostForm.Get("text"))))
		body.Trouble = explain(err)
		s.desk.touch(e.Client, e.ID)
	}
	body.Done = err == nil && act != nil && r.PostForm.Get("do") != "comment"
	body.Entry = e
	body.Client, _ = s.desk.Client(e.Client)
	body.When = s.desk.planner.wall(e.At)
	if !body.Done {
		if body.Comments, err = reviewer.Comments(ctx); err != nil && body.Trouble == nil {
			body.Trouble = explain(err)
		}
	}
	status := http.StatusOK
	if body.Trouble != nil {
		status = http.StatusConflict
	}
	s.showReview(w, status, body)
}

func (s *server) showReview(w http.ResponseWriter, status int, body reviewBody) {
	var b bytes.Buffer
	if err := s.pages["review"].ExecuteTemplate(&b, "review.html", body); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reviewer may be gone
}
