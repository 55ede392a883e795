package desk

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// says is the XPath of a verdict of one network that holds the words.
func says(network, words string) string {
	return `//section[@data-network="` + network + `"][contains(., "` + words + `")]`
}

func TestADayAtTheDesk(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-speed", "10"))
	v.do(chromedp.Navigate(v.home))
	v.see(says("murmure", "empty so far"))
	assert.Equal(t, "text", eval[string](v, "document.activeElement.id"), "one can begin to type at once")
	v.shoot("compose-empty")

	// Too long for one network: it says so while one types.
	v.do(tell(input.InsertText, input.InsertTextParams{Text: strings.Repeat("Le four est chaud. ", 15)}), chromedp.KeyEvent("Entrez donc, venez"))
	v.see(says("murmure", "303 graphemes, 300 allowed"))
	v.see(says("carnet", "fits"))
	v.shoot("compose-long")

	// Mended, it fits.
	v.do(chromedp.KeyEvent(strings.Repeat(kb.Backspace, 7)))
	v.see(says("murmure", "fits"))
	v.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("text").select()`),
		chromedp.KeyEvent("Le four est chaud, entrez donc. 🔥"))
	v.see(says("murmure", "33"))
	v.see(says("agora", "fits"))
	v.shoot("compose")
	v.click(`//button[text()="Publish"]`)
	for _, network := range []string{"murmure", "carnet", "agora"} {
		v.see(`//section[@data-network="` + network + `"]//*[@class="state"][text()="published"]`)
	}
	v.shoot("sent")

	// It is in the timeline, and what people answer comes in without a reload.
	v.click(`//a[text()="See the timeline"]`)
	v.see(`//article[contains(@class, "mine")][contains(., "entrez donc")]`)
	v.do(chromedp.Evaluate[chromedp.Void](`window.stayed = true`))
	v.see(`//article[contains(@class, "reply") and contains(@class, "new")]`)
	assert.True(t, eval[bool](v, `window.stayed === true`))
	v.shoot("timeline")

	v.answerOnce()
	v.hideAndUndo("agora")
}

// answerOnce answers the newest reply that nobody has answered, and sees by whom it is.
func (v *visit) answerOnce() {
	v.t.Helper()
	v.do(chromedp.Navigate(v.home + "/acme/timeline?kind=reply&network=murmure"))
	card := `//article[@id="` + v.attribute(`//article[.//summary]`, "id") + `"]`
	v.click(card + `//summary`)
	v.do(chromedp.SendKeys(card+`//textarea`, "Merci ! On vous répond vite."))
	v.click(card + `//button`)
	v.see(card + `//div[@class="answer"][contains(., "Claire")][contains(., "On vous répond vite")]`)
	v.see(`//*[@role="status"][contains(., "Answered")]`)
}

// hideAndUndo hides the newest comment on a network, and takes it back.
func (v *visit) hideAndUndo(network string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.home + "/acme/moderation?network=" + network))
	card := `//article[@id="` + v.attribute(`//section[@aria-labelledby="comments"]//article`, "id") + `"]`
	v.do(chromedp.SendKeys(card+`//input[@name="why"]`, "advertising"))
	v.click(card + `//button[text()="Hide"]`)
	v.see(`//*[@role="status"][contains(., "Done: hide.")]`)
	at, err := chromedp.Run(v.ctx, chromedp.Location())
	v.check(err)
	assert.Contains(v.t, at, "network="+network, "the filter stays")
	v.see(card + `//form[@class="done"][contains(., "hide by Claire")]`)
	v.see(`//ol[@class="log"]/li[1][contains(., "Claire")][contains(., "because: advertising")]`)
	v.shoot("moderation-" + network)
	v.click(card + `//button[text()="Undo"]`)
	v.see(`//*[@role="status"][contains(., "Undone: hide.")]`)
	v.do(chromedp.WaitNotPresent(card + `//form[@class="done"]`))
	v.see(`//ol[@class="log"]/li[1][contains(., "unhide")]`)
}

func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-quiet"), tell(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	v.do(chromedp.Navigate(v.home))
	v.see(`//button[text()="Change"]`) // stands in for the menu that acts by itself
	v.do(chromedp.SendKeys(`//textarea[@id="text"]`, strings.Repeat("x", 301)))
	v.click(`//button[text()="Check"]`)
	v.see(says("murmure", "301 graphemes, 300 allowed"))
	v.do(chromedp.SendKeys(`//textarea[@id="text"]`, kb.End+kb.Backspace))
	v.click(`//button[text()="Check"]`)
	v.see(says("murmure", "fits"))
	v.click(`//button[text()="Publish"]`)
	v.see(`//section[@data-network="murmure"]//*[@class="state"][text()="published"]`)
	v.click(`//a[text()="Timeline"]`)
	v.see(`//article[contains(@class, "mine")][contains(., "xxxxxxxx")]`)
	v.see(`//button[text()="Filter"]`)
	v.answerOnce()
	v.hideAndUndo("agora")
}

func TestTroubleIsShownAndMended(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-quiet"))
	v.do(chromedp.Navigate(v.home + "/acme/accounts"))
	v.shoot("accounts")
	v.click(`//section[.//span[text()="murmure"]]//summary[contains(., "Make trouble")]`)
	v.do(chromedp.SetValue(`//select[@id="trouble-murmure"]`, "lost"))
	v.shoot("accounts-trouble")
	v.click(`//section[.//span[text()="murmure"]]//button[text()="Make trouble"]`)
	v.see(`//section[.//span[text()="murmure"]]//*[text()="1 waiting"]`)

	v.click(`//a[text()="Compose"]`)
	v.do(chromedp.SendKeys(`//textarea[@id="text"]`, "Est-ce arrivé ?"))
	v.see(says("murmure", "fits"))
	v.click(`//button[text()="Publish"]`)
	v.see(`//section[@data-network="murmure"]//*[@class="state"][text()="unknown"]`)
	v.see(`//section[@data-network="agora"]//*[@class="state"][text()="published"]`)
	v.shoot("unknown")
	v.click(`//button[text()="Reconcile"]`)
	v.see(`//section[@data-network="murmure"]//*[@class="state"][text()="published"]`)
	v.shoot("reconciled")
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-speed", "200"))
	for _, page := range []string{"timeline?kind=reply", "moderation"} {
		v.do(chromedp.Navigate(v.home + "/acme/" + page))
		v.see(`//article//p[contains(., '<script>alert("owned")</script>')]`)
		assert.Zero(t, eval[int](v, `document.querySelectorAll("main script, main img").length`))
	}
}

func TestDarkAndNarrow(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-quiet"), scheme("dark"))
	for _, page := range []string{"compose", "timeline", "moderation", "accounts"} {
		v.do(chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(v.home+"/acme/"+page))
		v.see(`//a[@aria-current="page"]`)
		assert.NotEqual(t, "rgb(247, 246, 243)", eval[string](v, `getComputedStyle(document.body).backgroundColor`))
		v.shoot("dark-" + page)
		v.do(chromedp.EmulateViewport(390, 800))
		assert.LessOrEqual(t, eval[int](v, `document.documentElement.scrollWidth`), 390, "%s scrolls sideways on a telephone", page)
		v.shoot("narrow-" + page)
	}
}
