package outbox

import (
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// MentionKind says what a [Mention] tells.
type MentionKind string

// The kinds of mentions. Each has the words that French law gives in French, and but for
// Gambling a translation in English; in other languages set [Mention.Text].
//
// Advertising and Partnership tell that somebody is paid for the post, RetouchedImage that
// a silhouette or face was changed, VirtualImage that it was made by artificial
// intelligence: loi n° 2023-451 of 9 June 2023, article 5, which since ordonnance n°
// 2024-978 of 6 November 2024 takes words that mean the same. Alcohol is the warning of
// article L. 3323-4 of the code de la santé publique, Gambling that of arrêté of 29 July
// 2022, whose words may not be changed. Whether a post needs one is for the client's
// lawyers to say: for influencers the mention must also be on the picture or video.
//
// https://www.legifrance.gouv.fr/eli/loi/2023/6/9/2023-451/jo/texte
// https://www.legifrance.gouv.fr/eli/ordonnance/2024/11/6/2024-978/jo/texte
// https://questions.assemblee-nationale.fr/q12/12-26358QE.htm
// https://juriblio.fr/arretes/arrete-du-29-juillet-2022/180345319
const (
	Advertising    MentionKind = "advertising"
	Partnership    MentionKind = "partnership"
	RetouchedImage MentionKind = "retouched image"
	VirtualImage   MentionKind = "virtual image"
	Alcohol        MentionKind = "alcohol"
	Gambling       MentionKind = "gambling"
	// Custom is any other; it wants a Text.
	Custom MentionKind = "custom"
)

// MentionPlace says where in a text a mention stands.
type MentionPlace string

// The places. Empty is Start for what tells the nature of a post, and End for Alcohol,
// Gambling and Custom.
const (
	Start MentionPlace = "start"
	End   MentionPlace = "end"
)

// A Mention is a sentence that the law or a contract wants in a post. It stands as a
// paragraph of its own in each post of the plan, also in those of a thread and in the first
// comment, since each can be seen by itself. It counts towards the length of the text.
type Mention struct {
	Kind MentionKind `json:"kind"`
	// Text replaces the kind's own words, in plain text, in all languages.
	Text string `json:"text,omitempty"`
	// Place is where it stands; see [MentionPlace].
	Place MentionPlace `json:"place,omitempty"`
}

// Says returns the words of the mention in a language, given as a BCP 47 tag such as
// "fr-FR"; empty if there are none, and Text is needed.
func (m Mention) Says(lang string) string {
	if m.Text != "" || m.Kind == Custom {
		return strings.TrimSpace(m.Text)
	}
	lang, _, _ = strings.Cut(strings.ToLower(lang), "-")
	switch string(m.Kind) + " " + lang {
	case "advertising fr":
		return "Publicité"
	case "advertising en":
		return "Advertising"
	case "partnership fr":
		return "Collaboration commerciale"
	case "partnership en":
		return "Paid partnership"
	case "retouched image fr":
		return "Images retouchées"
	case "retouched image en":
		return "Retouched images"
	case "virtual image fr":
		return "Images virtuelles"
	case "virtual image en":
		return "Virtual images"
	case "alcohol fr":
		return "L'abus d'alcool est dangereux pour la santé."
	case "alcohol en":
		return "Alcohol abuse is dangerous for your health."
	case "gambling fr":
		return "Les jeux d'argent et de hasard peuvent être dangereux : pertes d'argent, conflits familiaux, addiction… " +
			"Retrouvez nos conseils sur joueurs-info-service.fr (09 74 75 13 13 - appel non surtaxé)"
	}
	return ""
}

// first reports whether the mention stands before the text.
func (m Mention) first() bool {
	switch m.Kind {
	case Alcohol, Gambling, Custom:
		return m.Place == Start
	}
	return m.Place != End
}

// known reports whether kind and place are among those above.
func (m Mention) known() bool {
	switch m.Kind {
	case Advertising, Partnership, RetouchedImage, VirtualImage, Alcohol, Gambling, Custom:
		return m.Place == "" || m.Place == Start || m.Place == End
	}
	return false
}

// sayable refuses mentions that have no words in a language.
func sayable(ms []Mention, lang string) error {
	for _, m := range ms {
		switch {
		case !m.known():
			return invalid("there is no legal mention "+string(m.Kind)+" at "+string(m.Place), "use the constants of package outbox, such as outbox.Advertising and outbox.Start")
		case m.Says(lang) != "":
		case m.Kind == Custom:
			return invalid("a legal mention has no text", "set Mention.Text")
		case lang == "":
			return invalid("the language of the legal mention "+string(m.Kind)+" is not known", "set Draft.Lang or Target.Lang, or write the words into Mention.Text")
		default:
			return invalid("the legal mention "+string(m.Kind)+" has no words in the language "+lang, "write them into Mention.Text")
		}
	}
	return nil
}

// mentioned is the text s with the mentions around it, each a paragraph of its own.
func mentioned(s string, f parvis.Format, ms []Mention, lang string) string {
	var parts []string
	for _, m := range ms {
		if m.first() {
			parts = append(parts, in(f, m.Says(lang)))
		}
	}
	if strings.TrimSpace(s) != "" {
		parts = append(parts, s)
	}
	for _, m := range ms {
		if !m.first() {
			parts = append(parts, in(f, m.Says(lang)))
		}
	}
	return strings.Join(parts, "\n\n")
}

// in is plain text written in a format.
func in(f parvis.Format, plain string) string {
	s, err := text.Convert(plain, parvis.Plain, f)
	if err != nil { // a format that is none: publish.Check tells
		return plain
	}
	return s
}
