/* The «Неисправности» window. */

import { $, ask, toast } from "./page.js";
import { texts } from "./texts.js";

const NUMBERS = ["times", "delay_ms", "not_ready_ms", "duplicates", "status"];
const SWITCHES = ["silence", "cut", "edit_refused", "shuffle"];
const CALM = { status: null, delay_ms: 0, not_ready_ms: 0, duplicates: 1 };

export function setUpFaults() {
  const dialog = $("faults");
  const form = $("faults-form");
  const badge = $("faults-on");
  const trouble = $("trouble");

  function show(faults) {
    for (const name of SWITCHES) form.elements[name].checked = faults[name];
    for (const name of NUMBERS) form.elements[name].value = faults[name] ?? "";
    const on = [...SWITCHES.filter((name) => faults[name]), ...Object.keys(CALM).filter((name) => faults[name] !== CALM[name])];
    badge.hidden = trouble.hidden = on.length === 0;
    badge.textContent = on.length;
    trouble.textContent = texts.faultsOn;
  }

  async function put(faults) {
    show(await ask("_faults", { method: "PUT", body: faults }));
    dialog.close();
    toast(texts.faultsApplied);
  }

  $("open-faults").addEventListener("click", async () => {
    show(await ask("_faults"));
    dialog.showModal();
  });
  $("faults-off").addEventListener("click", () => put({}));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const faults = Object.fromEntries(SWITCHES.map((name) => [name, form.elements[name].checked]));
    for (const name of NUMBERS) {
      if (form.elements[name].value !== "") faults[name] = Number(form.elements[name].value);
    }
    put(faults);
  });
  return { refresh: async () => show(await ask("_faults")) };
}
