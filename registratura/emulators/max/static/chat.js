/* The chat page: who is chosen, what they see and what they do. */

import { setUpFaults } from "./faults.js";
import { listen } from "./live.js";
import { bubble, element, prettyPhone } from "./message.js";
import { $, ask, confirmed, toast } from "./page.js";
import { texts } from "./texts.js";

const ANSWER_MS = 8000;
const TYPING_MS = 5000;
const NEAR_BOTTOM = 120;
const day = new Intl.DateTimeFormat("ru", { day: "numeric", month: "long" });

let people = [];
let bot = "";
let person = null;
let stopListening = () => {};
let early = null;
let typingTimer = 0;
const waiting = new Map();
const answered = new Set();

/* A deed of the chosen person; failures become a toast, never an exception. */
async function act(deed, body = {}) {
  try {
    return await ask(`_people/${person.user_id}/${deed}`, { method: "POST", body });
  } catch {
    toast(texts.failed);
    return null;
  }
}

const fullName = (someone) => [someone.first_name, someone.last_name].filter(Boolean).join(" ");
const shortName = (someone) => [someone.first_name, someone.last_name && `${someone.last_name[0]}.`].filter(Boolean).join(" ");
const initials = (someone) => [someone.first_name, someone.last_name].map((name) => name?.[0] ?? "").join("");

/* ---- people ---- */

function drawPeople() {
  $("people").replaceChildren(...people.map((someone) => {
    const link = element(
      "a", "person",
      element("span", `face tone-${someone.user_id % 6}`, initials(someone)),
      element("span", "person-text", element("b", "", fullName(someone)), element("small", "", someone.note)),
      someone.started ? element("span", "running", element("span", "unseen", texts.running)) : null,
    );
    link.href = `#${someone.user_id}`;
    if (someone.user_id === person?.user_id) link.setAttribute("aria-current", "true");
    link.querySelector(".face").setAttribute("aria-hidden", "true");
    return element("li", "", link);
  }));
}

async function loadPeople() {
  const found = await ask("_people");
  people = found.people;
  bot = found.bot.name;
  $("bot-name").textContent = bot;
}

/* ---- the chosen person ---- */

function choose() {
  const wanted = Number(location.hash.slice(1));
  const found = people.find((someone) => someone.user_id === wanted) ?? null;
  stopListening();
  forgetPresses();
  early = null;
  person = found;
  following = true;
  $("app").dataset.view = wanted ? "chat" : "people";
  $("messages").replaceChildren();
  $("away").hidden = true;
  $("empty-text").textContent = wanted && !found ? texts.unknownPerson : texts.chooseFirst;
  drawPeople();
  drawState();
  stopListening = found ? listen(`_people/${found.user_id}/events`, { onEvent, onAway, onBack: refresh }) : () => {};
}

function onAway() {
  $("away").textContent = texts.away;
  $("away").hidden = false;
}

/* What happens while the picture of the chat is on its way is newer than the picture, so it is applied afterwards. */
async function refresh() {
  const whose = person.user_id;
  const missed = [];
  early = missed;
  try {
    const seen = await ask(`_people/${whose}/messages`);
    if (early !== missed) return;
    $("away").hidden = true;
    changePerson(seen.person);
    drawMessages(seen.messages);
  } catch {
    onAway();
  }
  if (early !== missed) return;
  early = null;
  missed.forEach(onEvent);
}

function changePerson(card) {
  person = card;
  people = people.map((someone) => (someone.user_id === card.user_id ? card : someone));
  drawPeople();
  drawState();
}

function drawState() {
  const started = Boolean(person?.started);
  $("status").textContent = person ? texts.asWhom(shortName(person)) : "";
  $("stop").hidden = $("open-menu").hidden = $("write").hidden = !started;
  $("compose").hidden = !person;
  $("start-box").hidden = !person || started;
  $("start-note").hidden = !startKey();
  $("start-note").textContent = texts.startNote;
  const none = $("messages").childElementCount === 0;
  $("empty").hidden = Boolean(person) && !none;
  if (person && none) {
    $("empty-text").textContent = started ? texts.noMessages : person.chat_id ? texts.stopped : texts.notStarted;
  }
}

const startKey = () => new URLSearchParams(location.search).get("start");

/* ---- messages ---- */

const mine = (message) => message.sender.user_id === person.user_id;
const itemOf = (mid) => $("messages").querySelector(`[data-mid="${CSS.escape(mid)}"]`);
const nearBottom = () => $("scroll").scrollHeight - $("scroll").scrollTop - $("scroll").clientHeight < NEAR_BOTTOM;

/* Whether the newest message is being read: then it stays in sight whatever grows, pictures included. */
let following = true;
let lastTop = 0;

function toBottom() {
  following = true;
  $("scroll").scrollTop = $("scroll").scrollHeight;
  $("newer").hidden = true;
}

function dayName(time) {
  const date = new Date(time);
  const ago = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(time).setHours(0, 0, 0, 0)) / 86400000);
  return ago === 0 ? texts.today : ago === 1 ? texts.yesterday : day.format(date);
}

/* Separators that are right stay in place: what is put anew is read aloud anew. */
function drawDays() {
  const list = $("messages");
  let last = "";
  for (const item of list.querySelectorAll(".message")) {
    const name = dayName(Number(item.dataset.time));
    const above = item.previousElementSibling;
    const separator = above?.classList.contains("day") ? above : null;
    if (name === last) separator?.remove();
    else if (separator) separator.firstChild.textContent = name;
    else item.before(element("li", "day", element("span", "", name)));
    last = name;
  }
  if (list.lastElementChild?.classList.contains("day")) list.lastElementChild.remove();
}

function drawMessages(messages) {
  const list = $("messages");
  $("scroll").setAttribute("aria-live", "off");
  forgetPresses();
  list.replaceChildren(...messages.map((message) => bubble(message, mine(message), onPress)));
  drawDays();
  drawState();
  if (following) toBottom();
  setTimeout(() => $("scroll").setAttribute("aria-live", "polite"), 500);
}

function putMessage(message) {
  const old = itemOf(message.body.mid);
  const item = bubble(message, mine(message), onPress);
  if (old) {
    replaceKeepingFocus(old, item);
    return;
  }
  item.classList.add("fresh");
  $("messages").append(item);
  drawDays();
  drawState();
  quiet();
  if (following || mine(message)) toBottom();
  else $("newer").hidden = false;
}

/* A keyboard redrawn under the fingers keeps the focus on the same place, or in the text box. */
function replaceKeepingFocus(old, item) {
  const keys = [...old.querySelectorAll(".key")];
  const place = keys.indexOf(document.activeElement);
  old.replaceWith(item);
  if (place >= 0) (item.querySelectorAll(".key")[place] ?? $("text")).focus({ preventScroll: true });
}

function quiet() {
  clearTimeout(typingTimer);
  $("status").classList.remove("typing");
  if (person) $("status").textContent = texts.asWhom(shortName(person));
}

const ON = {
  message: (event) => putMessage(event.message),
  edited: (event) => {
    putMessage(event.message);
    itemOf(event.message.body.mid)?.classList.add("changed");
  },
  removed: (event) => {
    itemOf(event.mid)?.remove();
    drawDays();
    drawState();
  },
  cleared: () => {
    $("messages").replaceChildren();
    drawState();
  },
  dialog: (event) => changePerson(event.person),
  action: (event) => {
    quiet();
    $("status").textContent = event.action === "typing_on" ? texts.typing : texts.sending;
    $("status").classList.add("typing");
    typingTimer = setTimeout(quiet, TYPING_MS);
  },
  answered: (event) => {
    answered.add(event.callback_id);
    release(event.callback_id);
    if (event.notification) toast(event.notification);
  },
};

function onEvent(event) {
  if (early) {
    early.push(event);
    return;
  }
  if (event.chat_id && event.chat_id !== person.chat_id) return;
  ON[event.type]?.(event);
}

/* ---- buttons under messages ---- */

function release(callbackId) {
  const wait = waiting.get(callbackId);
  if (!wait) return;
  clearTimeout(wait.timer);
  wait.key.removeAttribute("aria-busy");
  waiting.delete(callbackId);
}

function forgetPresses() {
  for (const callbackId of [...waiting.keys()]) release(callbackId);
}

async function onPress(message, button, key) {
  if (key.getAttribute("aria-busy") === "true") return;
  if (button.type === "request_contact") return shareContact();
  if (button.type === "request_geo_location" && !button.quick) return shareLocation();
  if (button.type === "open_app") return toast(texts.noMiniApps);
  if (button.type === "link") return toast(texts.badLink);
  key.setAttribute("aria-busy", "true");
  const wanted = { message_id: message.body.mid, text: button.text, payload: button.payload };
  const done = await act("press", wanted);
  if (!done?.callback_id || answered.has(done.callback_id)) {
    key.removeAttribute("aria-busy");
    if (done?.clipboard) navigator.clipboard.writeText(done.clipboard).then(() => toast(texts.copied), () => toast(texts.failed));
    return undefined;
  }
  const timer = setTimeout(() => {
    release(done.callback_id);
    toast(texts.noAnswer);
  }, ANSWER_MS);
  waiting.set(done.callback_id, { key, timer });
  return undefined;
}

async function shareContact() {
  if (!person.phone) return toast(texts.noPhone);
  const text = texts.shareContact(prettyPhone(person.phone), bot);
  return (await confirmed(text, texts.shareContactYes)) && act("contact");
}

async function shareLocation() {
  return (await confirmed(texts.shareLocation(bot), texts.shareLocationYes)) && act("location");
}

/* ---- deeds of the chat itself ---- */

const MENU = {
  contact: shareContact,
  foreign: () => act("contact", texts.stranger),
  location: shareLocation,
  clear: async () => (await confirmed(texts.clear, texts.clearYes, true)) && act("clear"),
  delete: async () => (await confirmed(texts.delete, texts.deleteYes, true)) && act("delete"),
};

$("menu").addEventListener("click", (event) => {
  const deed = event.target.dataset.do;
  if (!deed) return;
  $("menu").hidePopover();
  MENU[deed]();
});

$("start").addEventListener("click", async () => {
  const key = startKey();
  $("start").disabled = true;
  const card = await act("start", key ? { payload: key } : {});
  $("start").disabled = false;
  if (card) changePerson(card);
  $("text").focus();
});

$("stop").addEventListener("click", async () => (await confirmed(texts.stop, texts.stopYes, true)) && act("stop"));

$("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const box = $("text");
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  if (!(await act("messages", { text })) && !box.value) box.value = text;
});

$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("write").requestSubmit();
});

if (!CSS.supports("field-sizing", "content")) {
  $("text").addEventListener("input", () => {
    $("text").style.height = "auto";
    $("text").style.height = `${$("text").scrollHeight + 2}px`;
  });
}

$("newer").addEventListener("click", toBottom);
$("scroll").addEventListener("scroll", () => {
  const top = $("scroll").scrollTop;
  // Only a hand scrolls up; content that grows leaves the position where it was.
  following = nearBottom() || (following && top >= lastTop);
  lastTop = top;
  if (following) $("newer").hidden = true;
}, { passive: true });
const growth = new ResizeObserver(() => following && toBottom());
growth.observe($("messages"));
growth.observe($("scroll"));

/* ---- windows ---- */

$("open-add").addEventListener("click", () => $("add").showModal());
for (const close of document.querySelectorAll("[data-close]")) {
  close.addEventListener("click", () => close.closest("dialog").close());
}
$("add-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = [...new FormData(event.target)].filter(([, value]) => value.trim());
  try {
    const card = await ask("_people", { method: "POST", body: Object.fromEntries(given) });
    event.target.reset();
    $("add").close();
    await loadPeople();
    location.hash = `#${card.user_id}`;
  } catch {
    toast(texts.failed);
  }
});

/* ---- start ---- */

const faults = setUpFaults();
window.addEventListener("hashchange", choose);

async function begin() {
  try {
    await loadPeople();
    await faults.refresh();
    choose();
  } catch {
    onAway();
    setTimeout(begin, 1000);
  }
}

begin();
