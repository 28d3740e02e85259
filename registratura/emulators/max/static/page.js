/* What every part of the page needs: the server, a word at the top, a question. */

import { element } from "./message.js";

const TOAST_MS = 2500;

export const $ = (id) => document.getElementById(id);

export async function ask(path, { method = "GET", body } = {}) {
  const response = await fetch(path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  if (!response.ok) throw new Error(`${method} ${response.status}`);
  return response.json();
}

export function toast(text) {
  const shown = element("p", "toast", text);
  $("toasts").replaceChildren(shown);
  setTimeout(() => shown.remove(), TOAST_MS);
}

export function confirmed(text, yes, danger = false) {
  const dialog = $("ask");
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  $("ask-yes").classList.toggle("danger", danger);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
