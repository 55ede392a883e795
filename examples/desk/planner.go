package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // for machines without a database of time zones

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// zone is where the clocks of the desk hang.
const zone = "Europe/Paris"

// A planner keeps the calendars of all clients: an outbox in the database of the safe.
type planner struct {
	box   *outbox.Outbox
	trail *audit.Trail
	at    *time.Location
}

// openPlanner makes the calendars, with some posts on them already.
func openPlanner(ctx context.Context, db *sql.DB, w *world) (*planner, error) {
	at, err := time.LoadLocation(zone)
	if err != nil {
		return nil, err
	}
	trail, err := audit.Open(ctx, audit.SQLite(db))
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	box, err := outbox.Open(ctx, outbox.SQLite(db), outbox.Options{
		Accounts: w.publisher, Audit: trail, Roles: roles{}, Files: newShelf(), LinkKey: key,
		Settle: 5 * time.Second, VerifyAfter: 2 * time.Second, Now: time.Now,
		Changed: func(c outbox.Change) { w.touch(c.Client, c.Entry) },
	})
	if err != nil {
		return nil, err
	}
	p := &planner{box: box, trail: trail, at: at}
	return p, p.settle(ctx, w)
}

// wall is a time as people read it on the wall of the desk; "" is none.
func (p *planner) wall(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.at).Format("Monday 2 January 2006, 15:04") + " (" + zone + ")"
}

// publisher finds the account in use that acts as a.
func (w *world) publisher(_ context.Context, a parvis.Account) (publish.Publisher, error) {
	for _, c := range w.clients {
		if own, ok := c.Acting(a); ok {
			return own, nil
		}
	}
	return nil, &parvis.Error{
		Op: "open account", Network: a.Network, Account: a.String(), Code: parvis.ErrAuth,
		Message: "the account is not connected", Help: "connect it on the accounts page, then retry",
	}
}

// touch tells the pages of a client that an entry of its calendar has changed.
func (w *world) touch(client, entry string) {
	for _, c := range w.clients {
		if c.Slug == client {
			c.Live.Touch(entry)
		}
	}
}

// calendar is the calendar of the visit's client, for the person at the desk.
func (s *server) calendar(v visit) *outbox.Client {
	return s.desk.planner.box.For(v.client.Slug).As(v.sess.Who())
}

// roles are what the people of the desk may do: everybody writes and schedules; Jo, who is
// new, decides nothing. That nobody approves words of their own needs no role: the outbox
// sees to it.
type roles struct{}

// newcomers may not do what a person answers for.
var newcomers = []string{"Jo"}

// May implements [parvis.Roles].
func (roles) May(_ context.Context, who, act, _ string) error {
	if !slices.Contains(newcomers, who) || slices.Contains([]string{"draft", "schedule", "comment"}, act) {
		return nil
	}
	return &parvis.Error{
		Code: parvis.ErrPermission, Message: who + " is new at the desk and may not " + act,
		Help: "ask somebody who has been here for longer",
	}
}

// shelfSize bounds the pictures of posts that wait, in bytes.
const shelfSize = 256 << 20

// A shelf keeps the pictures of posts that wait, in memory like everything at the desk.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
	size  int
}

func newShelf() *shelf { return &shelf{files: map[string][]byte{}} }

// Put implements [outbox.MediaStore].
func (s *shelf) Put(_ context.Context, sha256 string, r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.files[sha256]; there {
		return nil
	}
	if s.size+len(content) > shelfSize {
		return &parvis.Error{Code: parvis.ErrInvalid, Message: "there is no room for more pictures", Help: "start the desk anew"}
	}
	s.files[sha256], s.size = content, s.size+len(content)
	return nil
}

// Open implements [outbox.MediaStore].
func (s *shelf) Open(_ context.Context, sha256 string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, ok := s.files[sha256]
	if !ok {
		return nil, &parvis.Error{Code: parvis.ErrNotFound, Message: "the picture is gone", Help: "add it to the post again"}
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// A planned is a post that is on a calendar from the beginning.
type planned struct {
	client, author, approver string
	days                     int // from today; 0 is without a time
	clock                    string
	networks                 []parvis.Network
	draft                    publish.Draft
}

// settle brings the rules and the first posts. Acme's posts need a second pair of eyes, the
// bakery's go out as they are.
func (p *planner) settle(ctx context.Context, w *world) error {
	if err := p.box.For("acme").As("Malik").RequireApproval(ctx, outbox.Rule{Need: 1}); err != nil {
		return err
	}
	for _, post := range plannedPosts {
		if err := p.add(ctx, w, post); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) add(ctx context.Context, w *world, post planned) error {
	cal := p.box.For(post.client)
	plan := outbox.Plan{Draft: titled(post.draft)}
	for _, c := range w.clients {
		for _, a := range c.Accounts() {
			if c.Slug == post.client && slices.Contains(post.networks, a.Account().Network) {
				plan.Targets = append(plan.Targets, outbox.To(a.Account()))
			}
		}
	}
	if post.days == 0 {
		_, err := cal.As(post.author).Save(ctx, plan)
		return err
	}
	plan.When = outbox.At(zone, time.Now().In(p.at).AddDate(0, 0, post.days).Format(time.DateOnly)+" "+post.clock)
	e, err := cal.As(post.author).Add(ctx, plan)
	if err == nil && post.approver != "" {
		_, err = cal.As(post.approver).Approve(ctx, e.ID, e.Hash)
	}
	return err
}

// titled is a draft for all networks: those of short messages have no place for a title.
func titled(d publish.Draft) publish.Draft {
	if d.Title == "" {
		return d
	}
	on := map[parvis.Network]publish.Override{}
	maps.Copy(on, d.On)
	o := on[murmure]
	o.Drop = append(slices.Clone(o.Drop), "title")
	on[murmure] = o
	d.On = on
	return d
}

// plannedPosts are what is on the calendars from the beginning.
var plannedPosts = []planned{
	{client: "acme", author: "Jo", networks: []parvis.Network{murmure}, draft: publish.Draft{
		Text: "Une idée : montrer le four la nuit ?", Lang: "fr",
	}},
	{client: "acme", author: "Claire", days: 1, clock: "10:00", networks: []parvis.Network{murmure, carnet}, draft: publish.Draft{
		Title: "Visite de l'atelier", Text: "Samedi, l'atelier ouvre ses portes de 14 h à 18 h. Entrée libre.", Lang: "fr",
	}},
	{client: "acme", author: "Claire", approver: "Malik", days: 3, clock: "18:00", networks: []parvis.Network{murmure}, draft: publish.Draft{
		Text: "Nouveau : le vase bleu est de retour à la boutique.", Lang: "fr",
	}},
	{client: "acme", author: "Malik", approver: "Claire", days: 8, clock: "09:00", networks: []parvis.Network{murmure, agora}, draft: publish.Draft{
		Title: "Le verre recyclé", Text: "D'où vient notre verre recyclé ? On vous raconte.", Lang: "fr",
	}},
	{client: "boulangerie-martin", author: "Claire", days: 1, clock: "07:00", networks: []parvis.Network{murmure}, draft: publish.Draft{
		Text: "Le pain sort du four à 7 h. À tout de suite !", Lang: "fr",
	}},
	{client: "boulangerie-martin", author: "Malik", days: 5, clock: "16:30", networks: []parvis.Network{murmure, carnet}, draft: publish.Draft{
		Title: "La galette", Text: "La galette se commande jusqu'à vendredi.", Lang: "fr",
	}},
}
