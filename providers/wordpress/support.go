package wordpress

import (
	"cmp"
	"context"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// rights are what a user may do with posts or with pages.
type rights struct {
	write, publish, edit, drop, others parvis.Support
}

// rightsOf reads the rights off a user's capabilities.
//
// https://wordpress.org/documentation/article/roles-and-capabilities/
func rightsOf(me api.User, route string) rights {
	return rights{
		write:   may(me, "edit_"+route, "write "+route),
		publish: may(me, "publish_"+route, "publish "+route),
		edit:    may(me, "edit_published_"+route, "change "+route+" that are out"),
		drop:    may(me, "delete_published_"+route, "delete "+route+" that are out"),
		others:  may(me, "edit_others_"+route, "change "+route+" of others"),
	}
}

// may is full support if the user has the capability, and else a no with the role as
// the reason.
func may(me api.User, capability, what string) parvis.Support {
	if me.Capabilities[capability] {
		return parvis.Full()
	}
	role := cmp.Or(strings.Join(me.Roles, ", "), "without a role")
	return parvis.Support{Why: "the role " + role + " may not " + what, Scope: capability}
}

// missing lists the capabilities among sups that the user lacks.
func missing(sups ...parvis.Support) []string {
	var out []string
	for _, s := range sups {
		if !s.OK() && s.Scope != "" {
			out = append(out, s.Scope)
		}
	}
	return out
}

// anyFile is a rule for whatever the site takes.
func (c *Client) anyFile() publish.MediaSupport {
	return publish.MediaSupport{
		Max: maxFiles, Bytes: true, Alt: parvis.TextLimit{Max: maxAlt, Unit: parvis.CodePoints},
		Rules: []publish.MediaRule{{Type: "*/*", MaxBytes: c.cfg.MaxUpload}},
	}
}

const (
	// maxFiles is a sane number of files in one post; WordPress itself has no limit.
	maxFiles = 100
	// maxAlt is a sane length of an alternative text; WordPress itself keeps 4 GiB.
	maxAlt = 5000
)

// PublishSupport tells what the account's role may do.
func (c *Client) PublishSupport(ctx context.Context, place parvis.Place) (publish.Support, error) {
	const op = "ask for support"
	where, err := c.locate(op, place.Ref)
	if err != nil {
		return publish.Support{}, err
	}
	me, err := c.whoami(ctx, op)
	if err != nil {
		return publish.Support{}, err
	}
	r := rightsOf(me, where.route)
	sup := publish.Support{
		Formats: []parvis.Format{parvis.HTML}, Visibilities: []publish.Visibility{publish.Public},
		Headline: r.write, Slug: r.write, Excerpt: r.write, Reply: parvis.Full(), Sticky: r.publish,
		Link: r.write, Tags: r.write, Categories: r.write,
		Quote:     parvis.Never("WordPress has no quotes of posts"),
		Lang:      parvis.Never("WordPress has one language for the whole site"),
		Warning:   parvis.Never("WordPress has no content warnings"),
		Canonical: parvis.Never("WordPress itself makes the canonical address"),
		Get:       parvis.Full(), Edit: r.edit, Delete: r.drop, Trash: r.drop, Metrics: parvis.Partly("the number of comments only"),
		React: parvis.Never("WordPress has no reactions"), Reconcile: parvis.Full(), Places: parvis.Full(),
		PlaceEdit: may(me, "manage_categories", "manage categories"),
		Key:       publish.KeySupport{Support: parvis.Never("WordPress does not honour keys; Reconcile finds a post by its key")},
	}
	files := may(me, "upload_files", "upload files")
	c.narrow(&sup, r, where, files)
	sup.MissingScopes = missing(r.write, r.publish, r.edit, r.drop, files, sup.PlaceEdit)
	return sup, nil
}

// narrow sets the degrees that hang together.
func (c *Client) narrow(sup *publish.Support, r rights, where spot, files parvis.Support) {
	if r.write.OK() && files.OK() {
		sup.Media = c.anyFile()
	}
	sup.Schedule = publish.WindowSupport{Support: r.publish, Least: c.cfg.ScheduleAhead}
	if r.publish.OK() {
		sup.Visibilities = append(sup.Visibilities, publish.Private)
		sup.Schedule.Support = parvis.Partly("the site's cron publishes it, which runs at visits unless the host runs it")
	}
	if r.drop.OK() {
		sup.Trash = parvis.Partly("when a post comes back, its comments wait for approval")
	}
	if c.cfg.NoMark {
		sup.Reconcile = parvis.Partly("by title and text, since marks are switched off")
	}
	if r.write.OK() && !sup.PlaceEdit.OK() {
		sup.Categories = parvis.Partly("only those that are there: " + sup.PlaceEdit.Why)
	}
	if where.route == pages {
		sup.Tags, sup.Categories = parvis.Never("pages have no tags"), parvis.Never("pages have no categories")
		sup.Sticky = parvis.Never("pages cannot be sticky")
	}
	if !r.write.OK() {
		sup.Reconcile = parvis.Partly("approved comments only: " + r.write.Why)
	}
}

// ListenSupport tells what the account hears.
func (c *Client) ListenSupport(ctx context.Context, place parvis.Place) (listen.Support, error) {
	const op = "ask for support"
	if _, err := c.locate(op, place.Ref); err != nil {
		return listen.Support{}, err
	}
	me, err := c.whoami(ctx, op)
	if err != nil {
		return listen.Support{}, err
	}
	sup := listen.Support{
		Kinds:    listen.Post | listen.Comment | listen.Reply | listen.Edit | listen.Delete,
		Delivery: listen.Poll, Every: c.cfg.Every, Resume: parvis.Full(), History: parvis.Full(), Search: parvis.Full(),
		Webhooks: parvis.Never("WordPress has no webhooks"),
		Members:  may(me, "list_users", "list users"),
	}
	if !sup.Members.OK() {
		sup.Members = parvis.Partly("only users who have published something: " + sup.Members.Why)
	}
	if all := may(me, "moderate_comments", "see comments that are held"); !all.OK() {
		sup.Resume = parvis.Partly("what is approved or published late keeps its date and may be passed over: " + all.Why)
		sup.MissingScopes = missing(all)
	}
	if !me.Capabilities["edit_posts"] {
		sup.Kinds &^= listen.Delete
	}
	return sup, nil
}

// ModerateSupport tells what the account's role may do to comments and posts.
func (c *Client) ModerateSupport(ctx context.Context, place parvis.Place) (moderate.Support, error) {
	const op = "ask for support"
	if _, err := c.locate(op, place.Ref); err != nil {
		return moderate.Support{}, err
	}
	me, err := c.whoami(ctx, op)
	if err != nil {
		return moderate.Support{}, err
	}
	comments := may(me, "moderate_comments", "moderate comments")
	missed := missing(comments)
	if !comments.OK() && me.Capabilities["edit_published_posts"] {
		comments = parvis.Partly("comments on the account's own posts only: " + comments.Why)
	}
	own, all := rightsOf(me, posts).edit, rightsOf(me, posts).others
	if own.OK() && !all.OK() {
		own = parvis.Partly("the account's own posts only: " + all.Why)
	}
	sticky := own
	if p := rightsOf(me, posts).publish; !p.OK() {
		sticky = p
	}
	return moderate.Support{
		Actions: abilities(comments, own, sticky), Pending: comments, MissingScopes: missed,
		Log: parvis.Never("WordPress itself keeps no log"),
	}, nil
}

// abilities lists what can be done, and which of it WordPress can take back.
func abilities(comments, own, sticky parvis.Support) []moderate.Ability {
	var out []moderate.Ability
	add := func(s parvis.Support, on parvis.Kind, undo bool, dos ...moderate.Do) {
		for _, do := range dos {
			out = append(out, moderate.Ability{Do: do, On: []parvis.Kind{on}, Support: s, Undo: undo})
		}
	}
	add(comments, parvis.KindComment, true, moderate.DoHold, moderate.DoApprove, moderate.DoReject, moderate.DoSpam, moderate.DoUnspam,
		moderate.DoRemove, moderate.DoRestore)
	add(comments, parvis.KindComment, false, moderate.DoPurge)
	add(own, parvis.KindPost, true, moderate.DoLock, moderate.DoUnlock, moderate.DoRemove, moderate.DoRestore)
	add(sticky, parvis.KindPost, true, moderate.DoPin, moderate.DoUnpin)
	return out
}
