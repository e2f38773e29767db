/** An agent's queues and skills, changed at once. */

import { html, useState } from "../vendor/preact.js";
import { Dialog, Press } from "../page/components.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { useNames } from "./cells.js";
import { complaint, useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

const PROFICIENCIES = [1, 2, 3, 4, 5];

/**
 * All skills that any agent in reach holds, by name: the page knows of no others.
 *
 * @param {Iterable<Row>} agents
 * @returns {string[]}
 */
export function knownSkills(agents) {
  const skills = new Set();
  for (const row of agents) for (const skill of Object.keys(row.skills)) skills.add(skill);
  return [...skills].sort();
}

/** @param {{skill: string, value: number, onChange: (value: number) => void}} props 0: does not hold it */
function Proficiency({ skill, value, onChange }) {
  const { t } = useWatch();
  return html`<label class="row spread skill">
    <span class="cut">${skill}</span>
    <select value=${value} onChange=${(/** @type {any} */ event) => onChange(Number(event.target.value))}>
      <option value="0" selected=${!value}>${t("no_skill")}</option>
      ${PROFICIENCIES.map((level) => html`<option value=${level} selected=${level === value}>${level}</option>`)}
    </select>
  </label>`;
}

/** @param {{row: Row, onClose: () => void}} props */
export function ChangeAgent({ row, onClose }) {
  const { t, view, ask } = useWatch();
  const names = useNames();
  const [queues, setQueues] = useState(/** @type {string[]} */ (row.queues));
  const [skills, setSkills] = useState(/** @type {Record<string, number>} */ (row.skills));
  const allSkills = knownSkills(useTable(view, "agents").values());
  const toggle = (/** @type {string} */ queue) =>
    setQueues(queues.includes(queue) ? queues.filter((one) => one !== queue) : [...queues, queue]);
  const go = async () => {
    const held = Object.fromEntries(Object.entries(skills).filter(([, level]) => level > 0));
    if (await ask("change_agent", { agent: row.agent, queues, skills: held })) onClose();
  };
  const buttons = html`<button type="button" onClick=${onClose}>${t("cancel")}</button>
    <${Press} type="submit" class="primary" onPress=${go}>${t("confirm")}<//>`;
  return html`<${Dialog} title=${t("do_change_agent").replace(/…$/, "")} onClose=${onClose} buttons=${buttons} problem=${useStore(complaint)}>
    <p>${t("ask_change_agent", { name: row.name || row.agent })}</p>
    <div class="two">
      <fieldset>
        <legend>${t("queues")}</legend>
        ${[...useTable(view, "queues").keys()].map(
          (queue) => html`<label class="leaf" key=${queue}>
            <input type="checkbox" checked=${queues.includes(queue)} onChange=${() => toggle(queue)} />
            <span>${names.queue(queue)}</span>
          </label>`,
        )}
      </fieldset>
      <fieldset>
        <legend>${t("skills")}</legend>
        ${allSkills.map(
          (skill) => html`<${Proficiency}
            key=${skill}
            skill=${skill}
            value=${skills[skill] ?? 0}
            onChange=${(/** @type {number} */ level) => setSkills({ ...skills, [skill]: level })}
          />`,
        )}
      </fieldset>
    </div>
  <//>`;
}
