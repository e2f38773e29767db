/** The tree of outcomes that an agent may pick from. Pure. */

import { labelText } from "../page/i18n.js";

/** @typedef {import("../page/i18n.js").Language} Language */
/** @typedef {{path: string, label: import("../page/i18n.js").Label, solves: boolean}} Disposition */
/** @typedef {{path: string, text: string, solves: boolean}} Leaf */
/** @typedef {{branch: string, text: string, leaves: Leaf[]}} Branch */

/** A word of a path that has no label of its own: `first_aid` is `First aid`. @param {string} word */
export function plainWord(word) {
  const spaced = word.replace(/[_-]+/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/**
 * Group dispositions by the first part of their path, in the order of the configuration. A disposition whose
 * path is itself the branch of others gives that branch its name, and can be picked too.
 *
 * @param {readonly Disposition[]} dispositions
 * @param {Language} lang
 * @param {string} [search] keeps what bears these letters in its branch or its own name
 * @param {(branch: string) => string} [nameBranch] names a branch that has no label in the configuration
 * @returns {Branch[]}
 */
export function dispositionTree(dispositions, lang, search = "", nameBranch = plainWord) {
  const wanted = search.trim().toLowerCase();
  const names = new Map(dispositions.map((one) => [one.path, labelText(one.label, lang)]));
  /** @type {Map<string, Branch>} */
  const branches = new Map();
  for (const one of dispositions) {
    const parts = one.path.split("/");
    const branch = parts.length > 1 ? parts[0] : "";
    const found = branches.get(branch);
    const group = found ?? { branch, text: branch && (names.get(branch) || nameBranch(branch)), leaves: [] };
    if (!found) branches.set(branch, group);
    const tail = parts.slice(branch ? 1 : 0).map(plainWord).join(" › ");
    group.leaves.push({ path: one.path, text: names.get(one.path) || tail, solves: one.solves });
  }
  const matches = (/** @type {string} */ text) => text.toLowerCase().includes(wanted);
  return [...branches.values()]
    .map((group) => ({
      ...group,
      leaves: group.leaves.filter((leaf) => !wanted || matches(leaf.text) || matches(group.text) || matches(leaf.path)),
    }))
    .filter((group) => group.leaves.length);
}

/** @param {readonly Disposition[]} dispositions @param {string} path @param {Language} lang */
export function dispositionText(dispositions, path, lang) {
  const one = dispositions.find((candidate) => candidate.path === path);
  return labelText(one?.label, lang, path.split("/").map(plainWord).join(" › "));
}
