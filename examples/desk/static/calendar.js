// What the calendar gains when there is JavaScript: posts that are dragged or moved with
// the keyboard, and states that change by themselves. Everything works without it.
"use strict";

const month = document.querySelector("[data-calendar]");
if (month) calendar(month);

const standing = document.querySelector("[data-progress]");
if (standing) progress(standing);

// calendar moves posts between the days of the month.
function calendar(table) {
  const said = document.getElementById("said");
  const refused = document.getElementById("refused");
  const side = document.getElementById("side");
  let held = null; // the post that the keyboard moves: {chip, day, clock}, as it was, and as it shall be
  let placing = false; // the page moves a post, and not its reader

  const pad = (n) => String(n).padStart(2, "0");
  const dayOf = (t) => t.getUTCFullYear() + "-" + pad(t.getUTCMonth() + 1) + "-" + pad(t.getUTCDate());
  const words = (day, clock) => new Date(day + "T00:00:00Z").toLocaleDateString("en-GB", {weekday: "long", day: "numeric", month: "long", timeZone: "UTC"}) + ", " + clock;
  const name = (chip) => chip.querySelector(".what").textContent;
  const list = (day) => table.querySelector('td[data-day="' + day + '"] ul');
  const find = (id) => document.getElementById("e-" + id);

  // read makes an element of a chip that the server has sent.
  const read = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("li");

  // place puts a chip where its day and time belong, and keeps the focus that was in it.
  const place = (chip, old) => {
    placing = true;
    const inside = (old || chip).contains(document.activeElement);
    const grip = inside && document.activeElement.classList.contains("grip");
    const to = chip.dataset.day ? list(chip.dataset.day) : document.querySelector("ul.undated");
    if (old && old !== chip) old.remove();
    if (to) {
      to.querySelector(".none")?.remove();
      const later = [...to.children].find((c) => c !== chip && c.dataset.clock > chip.dataset.clock);
      to.insertBefore(chip, later || null);
      if (inside) (grip && chip.querySelector(".grip") || chip.querySelector("a")).focus();
    } else {
      chip.remove();
    }
    placing = false;
  };

  const fault = (text) => {
    refused.textContent = text;
    refused.hidden = !text;
  };

  // send asks the server for another time, and shows what it answers.
  const send = async (chip, day, clock, was) => {
    fault("");
    const data = new FormData();
    data.set("csrf", table.dataset.csrf);
    data.set("at", day + "T" + clock);
    let answer, text;
    try {
      answer = await fetch(table.dataset.calendar + "/" + chip.dataset.id + "/move", {method: "POST", body: new URLSearchParams(data), headers: {"X-Fragment": "chip"}});
      text = await answer.text();
    } catch {
      text = "The desk did not answer. Nothing was moved.";
    }
    const now = find(chip.dataset.id) || chip; // what the stream may have put there meanwhile
    if (!answer || !answer.ok) {
      Object.assign(now.dataset, {day: was.day, clock: was.clock});
      label(now, was.clock);
      place(now);
      said.textContent = name(chip) + " stays where it was.";
      fault(text);
      return;
    }
    place(read(text), now);
    said.textContent = name(chip) + " goes out on " + words(day, clock) + ".";
    if (!list(day)) location.assign("?month=" + day.slice(0, 7) + "#e-" + chip.dataset.id);
  };

  const label = (chip, clock) => {
    chip.querySelector(".clock").textContent = clock || "no time";
  };

  // take selects a post for the keyboard.
  const take = (chip) => {
    if (chip.hasAttribute("data-fixed")) return;
    held = {
      chip, was: {day: chip.dataset.day, clock: chip.dataset.clock},
      day: chip.dataset.day || table.dataset.today, clock: chip.dataset.clock || "09:00",
    };
    chip.classList.add("held-up");
    const grip = chip.querySelector(".grip");
    grip.setAttribute("aria-pressed", "true");
    grip.focus();
    said.textContent = "Moving " + name(chip) + ": arrow keys move it, Enter keeps it, Escape puts it back.";
  };

  // step moves the post that is held by days and hours, on the wall clock.
  const step = (days, hours) => {
    const t = new Date(held.day + "T" + held.clock + ":00Z");
    t.setUTCDate(t.getUTCDate() + days);
    t.setUTCHours(t.getUTCHours() + hours);
    held.day = dayOf(t);
    held.clock = pad(t.getUTCHours()) + ":" + pad(t.getUTCMinutes());
    label(held.chip, held.clock);
    if (list(held.day)) {
      Object.assign(held.chip.dataset, {day: held.day, clock: held.clock});
      place(held.chip);
    }
    said.textContent = name(held.chip) + ": " + words(held.day, held.clock) + ". Enter keeps it there.";
  };

  // drop ends the moving: for good, or back to where it was.
  const drop = (keep) => {
    const {chip, was, day, clock} = held;
    held = null;
    chip.classList.remove("held-up");
    chip.querySelector(".grip").setAttribute("aria-pressed", "false");
    if (keep && (day !== was.day || clock !== was.clock)) return send(chip, day, clock, was);
    Object.assign(chip.dataset, {day: was.day, clock: was.clock});
    label(chip, was.clock);
    place(chip);
    said.textContent = name(chip) + " stays where it was.";
  };

  const keys = {
    ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
    Enter: () => drop(true), Escape: () => drop(false),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const chip = event.target.closest?.("li.chip");
    if (held && chip === held.chip && keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    } else if (!held && chip && event.key.toLowerCase() === "m") {
      event.preventDefault();
      take(chip);
    }
  });
  document.addEventListener("click", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip) return;
    const chip = grip.closest("li.chip");
    if (held && held.chip === chip) return drop(true);
    if (held) drop(false);
    take(chip);
  });
  document.addEventListener("focusout", (event) => {
    if (held && !placing && held.chip.contains(event.target) && !held.chip.contains(event.relatedTarget)) drop(false);
  });

  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("li.chip[draggable]") || null;
    if (!dragged) return;
    if (held) drop(false);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", name(dragged));
    dragged.classList.add("dragging");
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("dragging");
    table.querySelector(".over")?.classList.remove("over");
    dragged = null;
  });
  table.addEventListener("dragover", (event) => {
    const cell = event.target.closest("td[data-day]");
    if (!dragged || !cell) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    if (!cell.classList.contains("over")) {
      table.querySelector(".over")?.classList.remove("over");
      cell.classList.add("over");
    }
  });
  table.addEventListener("drop", (event) => {
    const cell = event.target.closest("td[data-day]");
    if (!dragged || !cell) return;
    event.preventDefault();
    cell.classList.remove("over");
    const chip = dragged, was = {day: chip.dataset.day, clock: chip.dataset.clock};
    chip.classList.remove("dragging");
    const day = cell.dataset.day, clock = was.clock || "09:00";
    if (day === was.day) return;
    Object.assign(chip.dataset, {day, clock});
    label(chip, clock);
    place(chip);
    send(chip, day, clock, was);
  });

  const stream = new EventSource(table.dataset.live);
  stream.addEventListener("entry", (event) => {
    const chip = read(event.data);
    const old = find(chip.dataset.id);
    if (held && held.chip === old) return;
    if (chip.dataset.state === "cancelled") return old?.remove();
    if (old && old.dataset.state !== chip.dataset.state) said.textContent = name(chip) + " is " + chip.dataset.state + ".";
    place(chip, old);
  });
  stream.addEventListener("side", (event) => {
    if (!side.contains(document.activeElement)) side.innerHTML = event.data;
  });
  addEventListener("pagehide", () => stream.close());
}

// progress keeps how one post stands up to date, unless somebody is just deciding there.
function progress(part) {
  const heard = document.getElementById("heard");
  const stream = new EventSource(part.dataset.progress);
  stream.addEventListener("progress", (event) => {
    if (part.contains(document.activeElement)) return;
    const was = part.querySelector(".standing")?.dataset.state;
    part.innerHTML = event.data;
    const now = part.querySelector(".standing")?.dataset.state;
    if (now === was) return;
    heard.textContent = "It is " + now + ".";
    decisions();
  });
  // decisions renews what can be done with the post now, unless somebody is just at it.
  const decisions = async () => {
    const side = document.getElementById("acts-now");
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("acts-now");
      if (fresh && !side.contains(document.activeElement)) side.replaceWith(fresh);
    } catch {
      // the desk is closing; what is pressed then is refused
    }
  };
  addEventListener("pagehide", () => stream.close());
}
