package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// pace is the time between two things that happen, at speed 1.
const pace = 4 * time.Second

// A town is the people who live on the networks. What they do follows from a fixed seed
// and from what is posted, so it is the same in every run.
type town struct {
	sites  []*resident
	rng    *rand.Rand
	turn   int
	lines  map[string]int // how often each list of lines was used, so that each has its turn
	recent map[parvis.Ref]int
}

// A resident is a site with the accounts of everybody in town on it.
type resident struct {
	*site
	people []*fake.Account
	spam   *fake.Account
}

func newTown(w *world) *town {
	t := &town{rng: rand.New(rand.NewPCG(8420, 1)), lines: map[string]int{}, recent: map[parvis.Ref]int{}}
	for i, s := range w.nets {
		r := &resident{site: s}
		for j, c := range cast {
			r.people = append(r.people, s.net.Add(fake.Member{
				Handle: c.handle, Name: c.name, Followers: 3 + 17*j,
				Since: time.Date(2023+j%3, time.Month(1+j), 3+i, 8, 0, 0, 0, time.UTC),
			}))
		}
		r.spam = s.net.Add(fake.Member{Handle: "best_deals_4u", Name: "Best Deals ★", Since: time.Now().Add(-26 * time.Hour)})
		t.sites = append(t.sites, r)
	}
	return t
}

// Settle brings the first posts and answers, so that no page is empty.
func (t *town) Settle(ctx context.Context) error {
	for _, s := range t.sites {
		for _, c := range s.clients {
			if err := t.open(ctx, s, c); err != nil {
				return fmt.Errorf("the town could not settle: %w", err)
			}
		}
	}
	for range 6 * len(t.sites) {
		if err := t.Step(ctx); err != nil {
			return fmt.Errorf("the town could not settle: %w", err)
		}
	}
	return nil
}

// open brings what the client itself said before anybody came, and its first followers.
func (t *town) open(ctx context.Context, s *resident, c *Client) error {
	a := s.own[c]
	for i, p := range s.people {
		if s.net.Follow(p, a); i == 0 {
			s.net.Follow(a, p)
		}
	}
	for _, d := range firstPosts[c.Slug] {
		if s.name == murmure {
			d.Title = ""
		}
		if _, err := publish.To(ctx, a, d); err != nil {
			return err
		}
	}
	return nil
}

// Run lets the town live until ctx ends.
func (t *town) Run(ctx context.Context, speed float64) {
	tick := time.NewTicker(max(time.Millisecond, time.Duration(float64(pace)/speed)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// A fault that somebody injected may hit the town as well: the town shrugs.
			_ = t.Step(ctx)
		}
	}
}

// Step lets one thing happen: each site has its turn, and on it one of the clients.
func (t *town) Step(ctx context.Context) error {
	s := t.sites[t.turn%len(t.sites)]
	c := s.clients[t.turn/len(t.sites)%len(s.clients)]
	t.turn++
	who := s.people[t.rng.IntN(len(s.people))]
	switch n := t.rng.IntN(20); {
	case n < 2:
		return t.mention(ctx, s, c, who)
	case n < 3:
		s.net.Message(who, s.own[c], t.line(c, "message"))
		return nil
	case n < 5:
		return t.like(ctx, s, c, who)
	case n < 8:
		return t.spamming(ctx, s, c)
	default:
		return t.reply(ctx, s, c, who)
	}
}

// latest is the post of the client that people talk about: mostly the newest. What
// nobody has answered yet comes first.
func (t *town) latest(s *resident, c *Client) (publish.Post, bool) {
	var own []publish.Post
	for _, p := range s.net.Posts() {
		if p.Author.Handle == c.Slug && p.ReplyTo.IsZero() {
			own = append(own, p)
		}
	}
	if len(own) == 0 {
		return publish.Post{}, false
	}
	if last := own[len(own)-1]; t.recent[last.Ref] == 0 {
		return last, true
	}
	return own[len(own)-1-t.rng.IntN(min(3, len(own)))], true
}

func (t *town) reply(ctx context.Context, s *resident, c *Client, who *fake.Account) error {
	moods := [...]string{"praise", "ask", "complain", "praise", "ask", "chat"}
	return t.answer(ctx, s, c, who, t.line(c, moods[t.rng.IntN(len(moods))]))
}

func (t *town) answer(ctx context.Context, s *resident, c *Client, who *fake.Account, text string) error {
	post, ok := t.latest(s, c)
	if !ok {
		return nil
	}
	t.recent[post.Ref]++
	_, err := publish.To(ctx, who, publish.Draft{Text: text, ReplyTo: post.Ref})
	return quarrel(err)
}

func (t *town) mention(ctx context.Context, s *resident, c *Client, who *fake.Account) error {
	d := publish.Draft{Text: t.line(c, "mention") + " @" + c.Slug}
	if s.name != murmure {
		d.Title, _, _ = strings.Cut(d.Text, ".")
	}
	_, err := publish.To(ctx, who, d, publish.Shorten)
	return quarrel(err)
}

func (t *town) like(ctx context.Context, s *resident, c *Client, who *fake.Account) error {
	post, ok := t.latest(s, c)
	if !ok {
		return nil
	}
	return quarrel(publish.React(ctx, who, post.Ref, publish.Like))
}

// spamming is an advertisement, which somebody now and then reports.
func (t *town) spamming(ctx context.Context, s *resident, c *Client) error {
	if err := t.answer(ctx, s, c, s.spam, t.line(c, "spam")); err != nil || t.rng.IntN(2) == 0 {
		return err
	}
	posts := s.net.Posts()
	for _, post := range slices.Backward(posts) {
		if post.Author.Handle == s.spam.Account().Handle {
			s.net.Report(s.people[t.rng.IntN(len(s.people))], post.Ref, "Encore de la publicité. / Advertising again.")
			return nil
		}
	}
	return nil
}

// quarrel lets pass what happens to people on networks: they are banned or muted, a
// thread is locked, a post is gone.
func quarrel(err error) error {
	for _, code := range [...]parvis.Code{parvis.ErrPermission, parvis.ErrNotFound, parvis.ErrConflict, parvis.ErrRejected} {
		if errors.Is(err, code) {
			return nil
		}
	}
	return err
}

// line returns the next line that somebody says to the client in a mood.
func (t *town) line(c *Client, mood string) string {
	lines := slices.Concat(sayings[c.Slug][mood], sayings["any"][mood])
	key := c.Slug + "/" + mood
	n := t.lines[key]
	t.lines[key]++
	return lines[n%len(lines)]
}
