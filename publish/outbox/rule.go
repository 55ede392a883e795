package outbox

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// A Rule says who must approve a client's posts before they go out. A post needs all the
// rules that apply to it. Whoever last changed what is sent never counts: four eyes are two
// people. A post that was made without [Client.As] has no author; anybody may approve it.
type Rule struct {
	// Networks are those whose posts the rule is for; none is all. A post with a target on
	// one of them falls under it as a whole.
	Networks []parvis.Network `json:"networks,omitempty"`
	// Approvers are the people who count, as [Client.As] names them, and "link:" with the
	// reviewer's name for somebody who comes by a [Client.Link]. None is everybody whom
	// Options.Roles let approve, and every link; then whoever made a link and those who came
	// by it count once together.
	Approvers []string `json:"approvers,omitempty"`
	// Need is how many of them; 0 is 1.
	Need int `json:"need,omitempty"`
	// Time asks for new approvals when the post gets another time.
	Time bool `json:"time,omitempty"`
}

// String says what the rule asks for.
func (r Rule) String() string {
	s := strconv.Itoa(max(r.Need, 1)) + " of "
	if len(r.Approvers) == 0 {
		s = strconv.Itoa(max(r.Need, 1)) + " of those who may approve"
	}
	s += strings.Join(r.Approvers, ", ")
	if r.Time {
		s += ", for its time"
	}
	return s
}

func (r Rule) valid() error {
	switch {
	case r.Need < 0:
		return invalid("a rule needs "+strconv.Itoa(r.Need)+" approvals", "set Rule.Need to 0 or more")
	case slices.Contains(r.Approvers, "") || slices.Contains(r.Approvers, byLink+":"):
		return invalid("a rule has an approver without a name", "name people as in Client.As, and reviewers as link:name")
	case slices.Contains(r.Networks, ""):
		return invalid("a rule has a network without a name", "leave Rule.Networks empty for all")
	}
	names := slices.Clone(r.Approvers)
	for i, n := range names {
		names[i] = strings.TrimPrefix(n, byLink+":")
	}
	slices.Sort(names)
	if n := len(slices.Compact(names)); n > 0 && r.Need > n {
		return invalid("a rule needs "+strconv.Itoa(r.Need)+" approvals of "+strconv.Itoa(n)+" people", "name more approvers, or need fewer")
	}
	return nil
}

// applies reports whether the rule is for an entry.
func (r Rule) applies(e *Entry) bool {
	return len(r.Networks) == 0 || slices.ContainsFunc(e.Targets, func(t Target) bool {
		return slices.Contains(r.Networks, t.Account.Network)
	})
}

// counts reports whether a person who comes that way counts for the rule.
func (r Rule) counts(person, via string) bool {
	if via == byLink {
		person = byLink + ":" + person
	}
	return len(r.Approvers) == 0 || slices.Contains(r.Approvers, person)
}

// given is how many people have approved the entry as the rule wants it.
func (r Rule) given(e *Entry, as []Approval) int {
	people := map[string]bool{}
	for _, a := range as {
		if !a.Current || a.Person == e.Author || !r.counts(a.Person, a.Via) || r.Time && a.due != toMicros(e.At) {
			continue
		}
		who := a.Person
		if len(r.Approvers) == 0 && a.Via == byLink {
			who = a.Maker // who could else make links for as many as it takes
		}
		people[who] = true
	}
	return len(people)
}

// unmet are the rules that an entry does not meet yet.
func unmet(rules []Rule, e *Entry, as []Approval) []Rule {
	var missing []Rule
	for _, r := range rules {
		if r.applies(e) && r.given(e, as) < max(r.Need, 1) {
			missing = append(missing, r)
		}
	}
	return missing
}

// RequireApproval replaces the client's rules; none means that nothing needs approval.
// Stricter rules hold for what is scheduled already: what lacks an approval then is held
// when its time comes, and goes on when it is approved. A worker that is at an account just
// now heeds them from its next turn, in less than half a minute. Options.Roles are asked
// for "rules".
func (c *Client) RequireApproval(ctx context.Context, rules ...Rule) error {
	for _, r := range rules {
		if err := r.valid(); err != nil {
			return failed("require approval", err)
		}
	}
	if err := c.may(ctx, "rules"); err != nil {
		return err
	}
	return c.b.update(ctx, "require approval", func(tx store.Tx) error {
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM parvis_outbox_rules WHERE client = ?", c.name); err != nil {
			return err
		}
		for i, r := range rules {
			raw, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "INSERT INTO parvis_outbox_rules (client, n, rule) VALUES (?, ?, ?)", c.name, i, raw); err != nil {
				return err
			}
		}
		return c.record(ctx, tx, rulesRecord(now, rules))
	})
}

func rulesRecord(now time.Time, rules []Rule) parvis.Record {
	words := make([]string, len(rules))
	for i, r := range rules {
		words[i] = r.String()
	}
	return parvis.Record{Time: now, Account: "-", Op: "rules", Outcome: "done", Detail: strings.Join(words, "; ")}
}

// Rules are the client's rules of approval, in the order in which they were given.
func (c *Client) Rules(ctx context.Context) ([]Rule, error) {
	rules, err := c.rules(ctx, c.b.db)
	return rules, failed("rules", err)
}

// rules reads the client's rules.
func (c *Client) rules(ctx context.Context, tx store.Tx) ([]Rule, error) {
	rows, err := tx.Query(ctx, "SELECT rule FROM parvis_outbox_rules WHERE client = ? ORDER BY n", c.name)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var rules []Rule
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		var r Rule
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, rows.Err()
}

// submitted is the stage of an entry that nobody has approved yet.
func submitted(rules []Rule, e *Entry) State {
	if slices.ContainsFunc(rules, func(r Rule) bool { return r.applies(e) }) {
		return Review
	}
	return approvedStage(e)
}

// approvedStage is the stage of an entry that lacks no approval.
func approvedStage(e *Entry) State {
	if e.At.IsZero() {
		return Approved
	}
	return Scheduled
}

// staged is the stage of an entry with the approvals that it has: review, approved or
// scheduled.
func (c *Client) staged(ctx context.Context, tx store.Tx, rules []Rule, e *Entry) (State, error) {
	if s := submitted(rules, e); s != Review {
		return s, nil
	}
	as, err := approvalsOf(ctx, tx, e)
	if err != nil {
		return "", err
	}
	if len(unmet(rules, e, as)) > 0 {
		return Review, nil
	}
	return approvedStage(e), nil
}
