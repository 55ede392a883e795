package providertest

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// samples are texts that careless code mangles.
func samples() []struct{ name, what, text string } {
	return []struct{ name, what, text string }{
		{"plain", "Plain letters", "Open on Saturday from 10 to 18"},
		{"accents", "Accented letters, precomposed and combining,", "Été à Noël, garçon, Straße, caf\u0065\u0301, żółw"},
		{"emoji", "Emoji, with joiners, flags and skin tones,", "Merci 😀 👩‍👩‍👧 🇫🇷 👍🏽 fin"},
		{"cjk", "Chinese, Japanese, Korean and right-to-left letters", "広場で会いましょう 廣場見 광장 مرحبا שלום"},
		{"html", "The characters <, >, & and \"", "2 > 1 & 3 < 4 and \"so\" on"},
		{"lines", "Line breaks and paragraphs", "First line\nsecond line\n\nsecond paragraph"},
	}
}

func textCases() []Case {
	var cases []Case
	for _, s := range samples() {
		cases = append(cases, Case{
			Name:        "text/sent-" + s.name,
			Explanation: s.what + " survive publishing and reading back.",
			Applies:     needs(canGet),
			Run:         func(ctx context.Context, r *Rig) error { return textSent(ctx, r, s.text) },
		}, Case{
			Name:        "text/heard-" + s.name,
			Explanation: s.what + " survive when somebody else writes them.",
			Applies:     needs(canListen, canSay),
			Run:         func(ctx context.Context, r *Rig) error { return textHeard(ctx, r, s.text) },
		})
	}
	return append(cases, Case{
		Name: "text/hostile",
		Explanation: "Hostile markup in what strangers write never reaches Text.Plain as markup: " +
			"a network that shows letters gives the letters, one that has markup gives the text without it. No entity leads to a javascript: address.",
		Applies: needs(canListen, canSay),
		Run:     textHostile,
	})
}

func contains(s, word string) bool { return strings.Contains(s, word) }

// same compares texts as a reader does: networks may set typographic quotes, normalise
// line ends, and cut blanks at the ends.
func same(a, b string) bool { return plainly(a) == plainly(b) }

func plainly(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "“", `"`, "”", `"`, "″", `"`, "é", "e\u0301", "\u00a0", " ").Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func textSent(ctx context.Context, r *Rig, sample string) error {
	want := sample + "\n" + mark()
	post, err := r.to(ctx, r.draft(want))
	if err != nil {
		return err
	}
	got, err := publish.Get(ctx, r.publisher(), post.Ref)
	if r.saw(err) != nil {
		return err
	}
	if !same(got.Text.Plain, want) {
		return fmt.Errorf("%q is read back as %q", want, got.Text.Plain)
	}
	return nil
}

func textHeard(ctx context.Context, r *Rig, sample string) error {
	word := mark()
	root, err := r.root(ctx)
	if err != nil {
		return err
	}
	want := word + " " + sample
	if _, err := r.say(ctx, want, root); err != nil {
		return err
	}
	ev, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	if !heardAs(ev.Text.Plain, want) {
		return fmt.Errorf("%q is heard as %q", want, ev.Text.Plain)
	}
	return nil
}

// heardAs is same, but for mentions that a network puts in front of what is said.
func heardAs(got, want string) bool {
	got, want = plainly(got), plainly(want)
	before, ok := strings.CutSuffix(got, want)
	return ok && !strings.ContainsFunc(strings.TrimSpace(mentions.ReplaceAllString(before, "")), func(rune) bool { return true })
}

var (
	mentions = regexp.MustCompile(`@[\p{L}\p{N}_.@-]+`)
	tags     = regexp.MustCompile(`<[a-zA-Z/!][^>]*>|&(lt|gt|amp|quot|#\d+);`)
)

// textHostile cannot know whether the network has markup. Where it has, what arrives is
// not what was typed; then no tag or character reference may be left in it.
func textHostile(ctx context.Context, r *Rig) error {
	const attack = `<script>alert(1)</script><img src=x onerror="alert(2)"> <a href="javascript:alert(3)">here</a> <b>now</b>`
	word := mark()
	root, err := r.root(ctx)
	if err != nil {
		return err
	}
	if _, err := r.say(ctx, word+" "+attack, root); err != nil {
		return err
	}
	ev, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	if tag := tags.FindString(ev.Text.Plain); tag != "" && !heardAs(ev.Text.Plain, word+" "+attack) {
		return fmt.Errorf("the markup %q is left in the plain text %q", tag, ev.Text.Plain)
	}
	if strings.Contains(ev.Text.Markup, "<script") && ev.Text.Format == parvis.HTML && strings.Contains(ev.Text.Plain, "alert(1)") {
		return fmt.Errorf("the script of %q is in the plain text %q", ev.Text.Markup, ev.Text.Plain)
	}
	for _, e := range ev.Text.Entities {
		for _, address := range []string{e.Value, e.URL} {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(address)), "javascript:") {
				return fmt.Errorf("an entity leads to %q", address)
			}
		}
	}
	return nil
}
