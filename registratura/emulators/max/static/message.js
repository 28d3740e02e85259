/* Builds the elements of one message. Text of messages only ever becomes text nodes. */

import { texts } from "./texts.js";

const TAGS = {
  strong: "strong", emphasized: "em", monospaced: "code", strikethrough: "s", underline: "u",
  highlighted: "mark", heading: "h3", quote: "blockquote", user_mention: "b",
};
const BLOCKS = new Set(["heading", "quote"]);
const ADDRESS = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?)»]/g;
const clock = new Intl.DateTimeFormat("ru", { hour: "2-digit", minute: "2-digit" });

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function webAddress(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function anchor(address, ...children) {
  const href = webAddress(address);
  if (!href) return element("span", "", ...children);
  const link = element("a", "", ...children);
  link.href = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function withLinks(text) {
  const parts = [];
  let plain = 0;
  for (const found of text.matchAll(ADDRESS)) {
    parts.push(text.slice(plain, found.index), anchor(found[0], found[0]));
    plain = found.index + found[0].length;
  }
  return [...parts, text.slice(plain)];
}

/* Offsets are UTF-16 units, as in JavaScript strings; an element that crosses its neighbour is cut at the border. */
function marked(text, from, to, marks, insideLink = false) {
  const parts = [];
  const plain = (start, end) => {
    const piece = text.slice(start, end);
    parts.push(...(insideLink ? [piece] : withLinks(piece)));
  };
  let at = from;
  for (let index = 0; index < marks.length; index += 1) {
    const mark = marks[index];
    const end = Math.min(mark.from + mark.length, to);
    if (mark.from < at || end <= mark.from) continue;
    plain(at, mark.from);
    const inner = marks.slice(index + 1).filter((other) => other.from < end);
    const isLink = mark.type === "link";
    const children = marked(text, mark.from, end, inner, insideLink || isLink);
    parts.push(isLink ? anchor(mark.url, ...children) : element(TAGS[mark.type] ?? "span", "", ...children));
    at = end;
    if (BLOCKS.has(mark.type) && text[at] === "\n") at += 1;
  }
  plain(at, to);
  return parts;
}

export function words(body) {
  const text = body.text ?? "";
  const marks = [...(body.markup ?? [])].sort((a, b) => a.from - b.from || b.length - a.length);
  return text ? element("div", "words", ...marked(text, 0, text.length, marks)) : null;
}

export function prettyPhone(digits) {
  const parts = /^7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits);
  return parts ? `+7 ${parts[1]} ${parts[2]}-${parts[3]}-${parts[4]}` : digits;
}

function prettySize(bytes) {
  return bytes < 1024 ? `${bytes} Б` : bytes < 1048576 ? `${Math.round(bytes / 1024)} КБ` : `${(bytes / 1048576).toFixed(1)} МБ`;
}

function card(iconName, title, note, href) {
  const box = element("span", "card-text", element("b", "", title), note ? element("small", "", note) : null);
  const made = element(href ? "a" : "div", "card", icon(iconName), box);
  if (href) Object.assign(made, { href, target: "_blank", rel: "noopener noreferrer" });
  return made;
}

function picture(payload) {
  const image = element("img", "picture");
  image.alt = texts.photo;
  image.src = `_media/${encodeURIComponent(payload.token)}`;
  image.addEventListener("error", () => image.replaceWith(card("file", texts.photo, "", webAddress(payload.url))));
  return image;
}

function contact(payload) {
  const name = /^FN:(.*)$/m.exec(payload.vcf_info ?? "")?.[1]?.trim() ?? "";
  const phone = /^TEL[^:]*:(\d+)/m.exec(payload.vcf_info ?? "")?.[1] ?? "";
  return card("phone", name, [prettyPhone(phone), payload.hash ? texts.proved : ""].filter(Boolean).join(" · "));
}

const media = (payload) => `_media/${encodeURIComponent(payload.token)}`;
const ATTACHMENTS = {
  image: (item) => picture(item.payload),
  file: (item) => card("file", item.filename, prettySize(item.size), media(item.payload)),
  video: (item) => card("file", texts.video, "", media(item.payload)),
  audio: (item) => card("file", texts.audio, "", media(item.payload)),
  contact: (item) => contact(item.payload),
  location: (item) => card("pin", texts.location, `${item.latitude.toFixed(4)}, ${item.longitude.toFixed(4)}`),
  sticker: () => card("file", texts.sticker, ""),
  share: (item) => card("out", item.payload.url ?? "", "", webAddress(item.payload.url)),
};

function quoted(link) {
  if (!link) return null;
  const who = link.type === "forward" ? `${texts.forwarded}: ${link.sender?.name ?? ""}` : link.sender?.name ?? "";
  return element("div", "quoted", element("b", "", who), element("span", "", link.message.text || texts.attachment));
}

function preview(message) {
  const href = message.preview_url && webAddress(message.preview_url);
  return href ? card("out", new URL(href).host, "", href) : null;
}

const OUTSIDE = { link: "out", request_contact: "phone", request_geo_location: "pin", clipboard: "copy" };

function key(button, onPress) {
  const label = element("span", "", button.text);
  const sign = OUTSIDE[button.type] ? icon(OUTSIDE[button.type]) : null;
  const href = button.type === "link" ? webAddress(button.url) : null;
  if (href) {
    const link = anchor(href, label, sign);
    link.className = "key";
    link.title = texts.opensNewTab;
    return link;
  }
  const made = element("button", "key", label, sign);
  made.type = "button";
  made.addEventListener("click", () => onPress(button, made));
  return made;
}

function keyboard(rows, onPress) {
  return element("div", "keys", ...rows.map((row) => element("div", "keys-row", ...row.map((button) => key(button, onPress)))));
}

/* One message as a list item; onPress gets the button's data and its element. */
export function bubble(message, mine, onPress) {
  const { body } = message;
  const attachments = body.attachments ?? [];
  const shown = attachments.filter((item) => ATTACHMENTS[item.type]).map((item) => ATTACHMENTS[item.type](item));
  const buttons = attachments.find((item) => item.type === "inline_keyboard")?.payload.buttons;
  const time = element("time", "", clock.format(message.timestamp));
  time.dateTime = new Date(message.timestamp).toISOString();
  const meta = element("span", "meta", message.edited ? `${texts.edited} ` : null, time);
  const who = element("span", "unseen", `${mine ? texts.mine : texts.fromBot}: `);
  const inside = element("div", "bubble", who, quoted(message.link), ...shown, words(body), preview(message), meta);
  const item = element("li", mine ? "message mine" : "message", inside, buttons ? keyboard(buttons, (button, made) => onPress(message, button, made)) : null);
  item.dataset.mid = body.mid;
  item.dataset.time = message.timestamp;
  return item;
}
