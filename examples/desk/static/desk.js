// What the pages gain when there is JavaScript: the check while one types, the timeline
// that goes on by itself, and menus that need no button. Everything works without it.
"use strict";

document.documentElement.classList.add("js");

for (const menu of document.querySelectorAll("select[data-submit]")) {
  menu.addEventListener("change", () => menu.form.submit());
}

const compose = document.querySelector("form[data-check]");
if (compose) checkWhileTyping(compose);

const feed = document.querySelector("[data-stream]");
if (feed) follow(feed);

// checkWhileTyping asks the server what each network says to the draft, a moment after
// the last change. A picture is sent once; the server keeps it.
function checkWhileTyping(form) {
  const verdicts = document.getElementById("verdicts");
  const picture = form.elements.image;
  let timer, under, pictureIsNew = picture.files.length > 0;
  const check = async () => {
    if (under) under.abort();
    const mine = under = new AbortController();
    const data = new FormData(form);
    const takes = pictureIsNew;
    if (!takes) data.delete("image");
    try {
      const answer = await fetch(form.dataset.check, {
        method: "POST", body: data, headers: {"X-Fragment": "verdicts"}, signal: mine.signal,
      });
      const html = await answer.text();
      if (!answer.ok) return;
      verdicts.innerHTML = html;
      if (takes) pictureIsNew = false;
    } catch (err) {
      if (err.name !== "AbortError") verdicts.dataset.stale = "true";
    }
  };
  form.addEventListener("input", (event) => {
    if (event.target === picture) pictureIsNew = true;
    clearTimeout(timer);
    timer = setTimeout(check, 150);
  });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (under) under.abort();
    if (event.submitter && !event.submitter.hasAttribute("formaction")) {
      event.submitter.setAttribute("aria-disabled", "true");
    }
  });
}

// follow puts what is said into the page as it comes. While somebody writes a reply, or
// reads further down, new items wait behind a button, so that nothing jumps.
function follow(list) {
  const fresh = document.getElementById("fresh");
  const heard = document.getElementById("heard");
  const button = fresh.querySelector("button");
  let waiting = [];
  const busy = () => window.scrollY > 300 || list.querySelector("details.reply[open]") !== null;
  const show = () => {
    list.prepend(...waiting.reverse());
    waiting = [];
    fresh.hidden = true;
    for (const old of [...list.children].slice(120)) old.remove();
  };
  button.addEventListener("click", () => {
    show();
    window.scrollTo({top: 0});
  });
  const stream = new EventSource(list.dataset.stream);
  stream.addEventListener("item", (event) => {
    const page = new DOMParser().parseFromString(event.data, "text/html");
    const item = page.querySelector("article");
    const old = document.getElementById(item.id);
    const queued = waiting.findIndex((w) => w.id === item.id);
    if (old) {
      if (!old.contains(document.activeElement)) old.replaceWith(item);
      return;
    }
    if (queued >= 0) {
      waiting[queued] = item;
      return;
    }
    item.classList.add("new");
    waiting.push(item);
    heard.textContent = item.querySelector(".author").textContent + ": " + item.querySelector(".kind").textContent;
    document.getElementById("nothing")?.remove();
    if (!busy()) return show();
    button.textContent = "Show " + waiting.length + " new";
    fresh.hidden = false;
  });
  addEventListener("pagehide", () => stream.close());
}
