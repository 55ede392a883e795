package providertest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

func historyCases() []Case {
	return []Case{{
		Name:        "listen/past",
		Explanation: "History is newest first, and has what was said.",
		Applies:     needs(canSay, listening("history", func(s listen.Support) bool { return s.History.OK() })),
		Run:         listenPast,
	}, {
		Name:        "listen/search",
		Explanation: "Search finds what somebody said by a word of it, and nothing without that word.",
		Applies:     needs(canSay, listening("searching", func(s listen.Support) bool { return s.Search.OK() })),
		Run:         listenSearch,
	}, {
		Name:        "listen/members",
		Explanation: "Members are persons with complete references, each listed once; leaving the list early stops it.",
		Applies:     needs(listening("members", func(s listen.Support) bool { return s.Members.OK() })),
		Run:         listenMembers,
	}, {
		Name:        "listen/webhook",
		Explanation: "A webhook without the right signature is refused, and delivers nothing.",
		Applies:     needs(listening("webhooks", func(s listen.Support) bool { return s.Webhooks.OK() })),
		Run:         listenWebhook,
	}}
}

func listenPast(ctx context.Context, r *Rig) error {
	word, refs, err := r.sayMany(ctx, 3)
	if err != nil {
		return err
	}
	evs, err := r.gather(listen.Past(ctx, r.listener(), everything()), word)
	if err != nil {
		return err
	}
	if len(evs) != len(refs) {
		return fmt.Errorf("of %d sayings %d are in the history", len(refs), len(evs))
	}
	for i, ev := range evs {
		if i > 0 && ev.Time.After(evs[i-1].Time) {
			return fmt.Errorf("an event of %v comes after one of %v, want newest first", ev.Time, evs[i-1].Time)
		}
		if err := r.whole(ev); err != nil {
			return err
		}
	}
	return nil
}

func listenSearch(ctx context.Context, r *Rig) error {
	_, word, err := r.answer(ctx, "When?")
	if err != nil {
		return err
	}
	heard, err := r.once(ctx, everything(), word)
	if err != nil || heard.Status == "held" {
		return err // what waits for a decision is not there to be found
	}
	evs, err := r.gather(listen.Search(ctx, r.listener(), listen.Query{Text: word}), "")
	if err != nil {
		return err
	}
	if len(evs) != 1 || !strings.Contains(evs[0].Text.Plain, word) {
		return fmt.Errorf("a search for a word that was said once finds %d events", len(evs))
	}
	evs, err = r.gather(listen.Search(ctx, r.listener(), listen.Query{Text: mark()}), "")
	if err == nil && len(evs) > 0 {
		err = fmt.Errorf("a search for a word that nobody said finds %d events", len(evs))
	}
	return err
}

func listenMembers(ctx context.Context, r *Rig) error {
	seen := make(map[parvis.Ref]bool)
	for person, err := range listen.MembersOf(ctx, r.listener(), parvis.Place{}) {
		if r.saw(err) != nil {
			return err
		}
		if err := complete(r.Account.Account(), "the member", person.Ref, parvis.KindPerson); err != nil {
			return err
		}
		if seen[person.Ref] || person.Handle == "" && person.Name == "" {
			return fmt.Errorf("the member %v comes twice, or has no name", person.Ref)
		}
		seen[person.Ref] = true
	}
	for _, err := range listen.MembersOf(ctx, r.listener(), parvis.Place{}) {
		return err // leaving the loop must be safe
	}
	return nil
}

func listenWebhook(ctx context.Context, r *Rig) error {
	delivered := 0
	h, err := listen.Receive(r.listener(), "a secret of the suite", func(context.Context, listen.Event) error {
		delivered++
		return nil
	})
	if r.saw(err) != nil {
		return err
	}
	for _, body := range []string{"", "{}", `{"event":"post","text":"forged"}`} {
		w := httptest.NewRecorder()
		req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, req)
		if w.Code < 300 || delivered > 0 {
			return fmt.Errorf("an unsigned webhook is answered with %d and delivers %d events", w.Code, delivered)
		}
	}
	_, err = listen.Receive(r.listener(), "", func(context.Context, listen.Event) error { return nil })
	return refused("a webhook without a secret", r.saw(err), parvis.ErrInvalid)
}
